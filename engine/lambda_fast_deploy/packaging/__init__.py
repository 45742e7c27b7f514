"""Base images, app images and layers: made only when the plan says so."""
