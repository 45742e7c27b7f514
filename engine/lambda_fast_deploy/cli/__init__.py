"""The command line, and the run's side of GitHub Actions."""
