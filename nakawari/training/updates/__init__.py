"""The updates of the weights: how each is made and undone, and how fast they are."""
