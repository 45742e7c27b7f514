"""AWS's APIs: calls with waits, retries, and errors that say what to do."""
