"""Tests of engine/lambda_fast_deploy/packaging/images/builders."""
