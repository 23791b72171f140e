"""The error whose text is for the person at the keyboard."""


class UserError(Exception):
    """Something the user can put right; its text is one line: what is wrong; what to do."""
