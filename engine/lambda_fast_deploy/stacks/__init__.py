"""Stacks: the template stays the truth, CloudFormation applies it, the artifacts are made here."""
