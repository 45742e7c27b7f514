"""What a test of a stack's function sends."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.stacks.stack_tests import event_in


@pytest.mark.parametrize(
    ("types", "event"),
    [
        (set(), "http"),
        ({"AWS::ApiGateway::RestApi", "AWS::Lambda::Function"}, "rest"),
        ({"AWS::ApiGatewayV2::Api"}, "http"),
        ({"AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"}, "http"),
        ({"AWS::ApiGateway::RestApi", "AWS::Lambda::Url"}, "http"),
    ],
)
def test_requests_are_those_of_a_rest_api_where_a_stack_has_no_other(
    types: set[str], event: str
) -> None:
    assert event_in(types) == event
