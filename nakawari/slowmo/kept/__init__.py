"""What is kept on disk of drawn frames, so that a killed run goes on and nothing is drawn twice."""
