"""What layers are made of: requirements, and what these name in the working tree."""
