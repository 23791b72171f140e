"""The error whose text is for the person at the keyboard."""


class UserError(Exception):
    """An error that the user can put right.

    Its text is one line: what is wrong, then, after a semicolon, what to do.
    """
