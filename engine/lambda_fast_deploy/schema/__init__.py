"""Documents with the line of every value, and the shapes that their values must have."""
