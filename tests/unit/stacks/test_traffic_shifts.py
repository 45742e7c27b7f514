"""Shifts of traffic by CodeDeploy are shown with the time that they take."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import parse_template
from lambda_fast_deploy.stacks.traffic_shifts import shifts_of


@pytest.mark.parametrize(
    ("preference", "shown"),
    [
        ("{Type: Canary10Percent5Minutes}", " (Canary10Percent5Minutes, about 5 minutes)"),
        (
            "{Type: Linear10PercentEvery3Minutes}",
            " (Linear10PercentEvery3Minutes, about 30 minutes)",
        ),
        ("{Type: AllAtOnce}", " (AllAtOnce)"),
        ("{Type: !Ref Kind}", " (AllAtOnce)"),
        ("{Type: AllAtOnce, Enabled: false}", None),
        ("{}", None),
        ("!Ref Kind", None),
    ],
)
def test_a_shift_is_known_by_its_alias(preference: str, shown: str | None) -> None:
    text = f"""\
Parameters: {{Kind: {{Type: String, Default: AllAtOnce}}}}
Globals: {{Function: {{AutoPublishAlias: live-1, DeploymentPreference: {preference}}}}}
Resources:
  Web: {{Type: AWS::Serverless::Function, Properties: {{InlineCode: x}}}}
"""
    resources = Resources(parse_template(text, Path("template.yaml")), {})
    expected = {"WebAliasliveD1": f"CodeDeploy shifts the traffic of Web{shown}"} if shown else {}
    assert shifts_of(resources) == expected
