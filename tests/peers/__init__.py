"""Our results beside those of the tools that people use today."""
