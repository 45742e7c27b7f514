"""The only room with external access: AWS, Docker, processes, HTTP."""
