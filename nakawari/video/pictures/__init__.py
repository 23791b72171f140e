"""Pictures as they travel through the tool, and what the codes of their planes mean."""
