"""The processes that the page starts: they are watched, limited, and end with it."""
