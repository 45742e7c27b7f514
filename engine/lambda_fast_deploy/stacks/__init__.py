"""Deploys SAM and CloudFormation stacks: builds artifacts and lets CloudFormation do the rest."""
