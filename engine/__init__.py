"""lambda-fast-deploy: deploys AWS Lambda functions, moving only what changed."""
