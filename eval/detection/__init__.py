"""How well drawings, holds and cuts are found, and how fast."""
