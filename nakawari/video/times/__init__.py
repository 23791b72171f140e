"""The times of a track's frames, put right where what is stored of them cannot be."""
