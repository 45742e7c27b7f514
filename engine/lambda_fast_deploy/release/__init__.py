"""Configuration, code, version, alias; each change records its undo before it is made."""
