"""Documentation that is made from the code, so that it cannot drift from it."""
