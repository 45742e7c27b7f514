"""Docker for the lab: the machine's own engine, or a private one that nobody else sees."""
