"""Which frames slow motion is drawn between, and which moment each output frame shows."""
