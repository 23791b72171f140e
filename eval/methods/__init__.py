"""What draws in-betweens: what a method is, those there are, and any program as one."""
