"""What an exposure sheet is: its data, its times, its shots, and reading one back."""
