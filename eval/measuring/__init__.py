"""Drawing and scoring: every metric, the cost of a frame, and the records on disk."""
