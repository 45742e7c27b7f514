"""Observes what AWS has, read-only, and plans the steps from it, without side effects."""
