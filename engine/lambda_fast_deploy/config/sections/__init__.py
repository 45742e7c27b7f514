"""The sections of lambda-deploy.yml: the keys of each, and how its values become the model's."""
