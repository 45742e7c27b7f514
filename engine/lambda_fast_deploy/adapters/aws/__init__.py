"""AWS as this tool sees it: one call, one truth; waits, retries and refusals live here."""
