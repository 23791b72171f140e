"""Who may come in: the checks of every request, the links that let in, and idle connections."""
