"""A stand-in for AWS's Python base image, for machines that cannot pull the real one."""
