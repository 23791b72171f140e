"""Drawing and scoring: every metric, what it costs, and what is kept of it."""
