"""Log retention and alarms: what is compared and sent."""

from __future__ import annotations

from dataclasses import replace

from lambda_fast_deploy.models import Alarms, Configuration
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.models.function_settings import SettingTarget
from tests.unit import make

ALARMS, RETENTION = (
    next(each for each in SETTINGS if each.key == key) for key in ("alarms", "logging.retention")
)


def test_the_group_of_exactly_the_functions_name_is_meant() -> None:
    groups = {
        "logGroups": [
            {"logGroupName": "/aws/lambda/orders-2", "retentionInDays": 3},
            {"logGroupName": "/aws/lambda/orders"},
        ]
    }
    assert RETENTION.observe(groups, make.function()) == ""
    assert RETENTION.observe({"logGroups": groups["logGroups"][:1]}, make.function()) == ""
    shared = make.function(configuration=Configuration(logging={"LogGroup": "/shared"}))
    assert RETENTION.look(shared).parameters == {"logGroupNamePrefix": "/shared"}


def test_alarms_are_compared_by_what_the_configuration_determines() -> None:
    configuration = Configuration(timeout=10, alarms=Alarms(errors=0, duration=0.5, notify="arn"))
    orders = make.function(configuration=configuration)
    desired = ALARMS.desired(orders)
    prefix = "lambda-fast-deploy/orders/"
    assert {name.removeprefix(prefix): bool(each) for name, each in desired.items()} == {
        "Errors": True,
        "Throttles": False,
        "Duration": True,
    }
    assert desired[f"{prefix}Duration"]["Threshold"] == 5000
    told = [
        {**alarm, "AlarmName": name, "StateValue": "OK", "OKActions": []}
        for name, alarm in desired.items()
        if alarm
    ]
    observed = ALARMS.observe({"MetricAlarms": told}, orders)
    assert ALARMS.difference(desired, observed) is None
    none = replace(orders, configuration=replace(configuration, alarms=Alarms()))
    removal = ALARMS.difference(ALARMS.desired(none), observed)
    (call,) = ALARMS.write(SettingTarget(none, make.ARN), removal)
    assert call.operation == "delete_alarms"
    assert call.parameters == {"AlarmNames": [f"{prefix}Errors", f"{prefix}Duration"]}
    assert str(ALARMS.change(observed, removal)) == "alarms errors > 0, duration > 5000 → none"
