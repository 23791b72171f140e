"""From episodes to training triplets: ``nakawari dataset build``."""
