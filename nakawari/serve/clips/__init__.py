"""The clips of the page on disk: uploads, what was found in them, and their corrected sheets."""
