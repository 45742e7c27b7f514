"""What can be wrong before the first deploy, by where it is. Every check only reads."""
