"""Tests of engine/lambda_fast_deploy/adapters/aws."""
