"""Two runs in a chosen order; see README.md."""
