"""The IAM policies for a deploy."""
