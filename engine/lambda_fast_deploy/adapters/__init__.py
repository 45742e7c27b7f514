"""The only rooms that touch the world: AWS, Docker, processes, HTTP."""
