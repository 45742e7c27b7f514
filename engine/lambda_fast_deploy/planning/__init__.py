"""What AWS has now, and what would have to be done: read-only, then pure."""
