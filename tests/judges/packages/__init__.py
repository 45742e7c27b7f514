"""Projects of package managers, which judge what a layer holds."""
