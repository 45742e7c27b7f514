"""Gates: the new version proves itself before users meet it, and where they meet it."""
