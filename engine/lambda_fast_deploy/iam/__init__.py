"""IAM policies that deployments need."""
