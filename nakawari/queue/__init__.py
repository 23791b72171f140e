"""A queue of slow-motion jobs that survives a restart, a kill and a power cut."""
