"""Training data: drawn cel animation with exact in-betweens, and folders of real triplets."""
