"""The contents of images: Dockerfiles, their build contexts, and their upstream images."""
