"""The test sets: lists of triplets, published sets, and scenes that are rendered."""
