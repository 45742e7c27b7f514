"""Gates: the new version is tested before it receives traffic, and once it is live."""
