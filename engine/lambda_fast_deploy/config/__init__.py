"""Inputs, lambda-deploy.yml and the event become frozen, validated settings."""
