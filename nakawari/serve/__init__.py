"""The local web page: clips, their exposure sheets to correct, and the queue that slows them."""
