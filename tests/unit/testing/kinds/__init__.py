"""Tests of engine/lambda_fast_deploy/testing/kinds."""
