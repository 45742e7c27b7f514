"""The only subpackage with external access: AWS, Docker, processes, HTTP."""
