"""Finite sets of triplets, kept or stored on disk, and the endless streams made of them."""
