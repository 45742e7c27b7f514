"""What is done between deploys: looking at what is there, and cleaning up."""
