"""Methods that draw in-betweens: their protocol, the registry, and external programs."""
