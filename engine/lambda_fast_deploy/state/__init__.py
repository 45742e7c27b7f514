"""The marks that deployments leave in AWS: tags, descriptions, and their formats."""
