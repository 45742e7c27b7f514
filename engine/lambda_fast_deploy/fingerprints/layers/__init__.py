"""The contents of layers: requirements, and the local packages that these name."""
