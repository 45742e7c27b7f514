"""lambda-fast-deploy: deploys AWS Lambda functions, moving only what changed."""

__version__ = "0.1.0"
