"""What is written to a terminal: the log, progress, tables."""
