"""Builds base images, app images and layers, only when the plan says so."""
