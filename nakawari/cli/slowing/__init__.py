"""What `nakawari slow` is made of: its model, its settings, several clips, a watched folder."""
