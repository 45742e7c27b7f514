"""Tests without a network, AWS or Docker; the folders are those of engine/lambda_fast_deploy."""
