"""Input as an attacker, a broken tool or a tired person would give it."""
