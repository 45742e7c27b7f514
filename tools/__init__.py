"""What the project's maintainers use; no part of the engine."""
