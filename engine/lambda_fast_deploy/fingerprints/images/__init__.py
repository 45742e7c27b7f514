"""What images are made of: Dockerfiles, their build contexts, and the images below them."""
