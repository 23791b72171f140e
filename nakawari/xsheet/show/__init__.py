"""The sheet as text and as a page, and how files are saved."""
