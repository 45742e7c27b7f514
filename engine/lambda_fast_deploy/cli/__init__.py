"""The faces of the engine: the command line and GitHub."""
