"""What is drawn: lists of triplets, published sets, and scenes that are rendered."""
