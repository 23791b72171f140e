"""Which files are opened, and which of their tracks are used; sequences of pictures."""
