"""Reads inputs, lambda-deploy.yml and the event into frozen, validated settings."""
