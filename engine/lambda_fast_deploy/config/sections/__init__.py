"""The sections of lambda-deploy.yml: the keys of each, and the reader of its values."""
