"""CloudWatch: what it knows of functions, and the alarms on that."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, archive, fetch

pytestmark = pytest.mark.lab  # its pace

BROKEN = archive({"app.py": "def handler(e, c):\n    raise RuntimeError('broken')\n"})
BROKEN_PAGE = archive({"app.py": "def handler(e, c):\n    return {'statusCode': 500}\n"})


class Watch:
    """CloudWatch, looking at one function from now on."""

    def __init__(self, name: str) -> None:
        self.api: Any = boto3.client("cloudwatch")
        self.name = name
        self._since = datetime.now(UTC)

    def dimensions(self, qualifier: str | None = "", version: str = "") -> list[dict[str, str]]:
        """Dimensions: of the function, of what was called (None: unqualified), of what ran."""
        resource = f"{self.name}:{qualifier}" if qualifier else self.name
        found = [{"Name": "FunctionName", "Value": self.name}]
        if qualifier != "":
            found.append({"Name": "Resource", "Value": resource})
        if version:
            found.append({"Name": "ExecutedVersion", "Value": version})
        return found

    def sum(self, metric: str, qualifier: str | None = "", version: str = "") -> float:
        """The sum of a metric, which both APIs must agree about."""
        named = {
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": self.dimensions(qualifier, version),
        }
        span = {"StartTime": self._since, "EndTime": datetime.now(UTC)}
        query = {"Id": "q", "MetricStat": {"Metric": named, "Period": 60, "Stat": "Sum"}}
        points = self.api.get_metric_statistics(**span, **named, Period=60, Statistics=["Sum"])
        data = self.api.get_metric_data(**span, MetricDataQueries=[query])
        total = float(sum(data["MetricDataResults"][0]["Values"]))
        # A call in the background may end between the two.
        if sum(point["Sum"] for point in points["Datapoints"]) != total:
            points = self.api.get_metric_statistics(**span, **named, Period=60, Statistics=["Sum"])
        assert sum(point["Sum"] for point in points["Datapoints"]) == total
        return total

    def alarm(self, name: str, qualifier: str, **settings: Any) -> None:
        """Create an alarm on the first error of what is called so."""
        self.api.put_metric_alarm(
            **{
                "AlarmName": name,
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": self.dimensions(qualifier),
                "Statistic": "Sum",
                "Period": 10,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
            }
            | settings
        )

    def state(self, name: str) -> str:
        """The state of an alarm."""
        return str(self.api.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


@pytest.fixture
def watch(name: str) -> Iterator[Watch]:
    """A watch on the function of this probe; its alarms go with the probe."""
    watch = Watch(name)
    yield watch
    mine = watch.api.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    watch.api.delete_alarms(AlarmNames=[alarm["AlarmName"] for alarm in mine])


@pytest.fixture
def canary(live: Function) -> Function:
    """A function whose alias gives half of the calls to a version that fails."""
    live.publish()
    live.api.update_function_code(FunctionName=live.name, ZipFile=BROKEN)
    live.settle()
    live.publish()
    live.api.create_alias(
        FunctionName=live.name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    return live


def test_each_version_of_a_weighted_alias_is_counted(canary: Function, watch: Watch) -> None:
    ran: Counter[str] = Counter()
    for _ in range(40):
        answer = canary.api.invoke(FunctionName=canary.name, Qualifier="live")
        version = answer["ExecutedVersion"]
        assert ("FunctionError" in answer) == (version == "2")
        ran[version] += 1
    assert set(ran) == {"1", "2"}
    for version in ("1", "2"):
        assert watch.sum("Invocations", "live", version) == ran[version]
        errors = ran[version] if version == "2" else 0
        assert watch.sum("Errors", "live", version) == errors
        assert watch.sum("Duration", "live", version) > 0
    assert watch.sum("Invocations", "live") == watch.sum("Invocations") == 40
    assert watch.sum("Errors", "live") == watch.sum("Errors") == ran["2"]
    assert watch.sum("Invocations", None) == 0


def test_calls_of_a_url_are_counted(canary: Function, watch: Watch) -> None:
    url = canary.open_url("live")
    statuses = Counter(fetch(url)[0] for _ in range(20))
    assert set(statuses) == {200, 502}
    assert watch.sum("Invocations", "live", "1") == statuses[200]
    assert watch.sum("Errors", "live", "1") == 0
    assert watch.sum("Invocations", "live", "2") == statuses[502]
    assert watch.sum("Errors", "live", "2") == statuses[502]
    assert watch.sum("Invocations") == 20


def test_an_answer_of_500_is_no_error(function: Function, watch: Watch) -> None:
    function.create(BROKEN_PAGE)
    assert fetch(function.open_url())[0] == 500
    function.api.invoke(FunctionName=function.name)
    assert (watch.sum("Invocations", None), watch.sum("Errors", None)) == (2, 0)


def test_only_what_ran_is_counted(live: Function, watch: Watch) -> None:
    live.api.invoke(FunctionName=live.name, InvocationType="DryRun")
    assert fetch(live.open_url())[0] == 200
    live.call("$LATEST")
    live.api.invoke(FunctionName=live.name, InvocationType="Event")
    deadline = time.monotonic() + 5
    while watch.sum("Invocations") < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watch.sum("Invocations") == 3
    assert watch.sum("Invocations", None) == 2
    assert watch.sum("Invocations", "$LATEST") == 1


def test_a_duration_is_the_handlers_own(function: Function, watch: Watch) -> None:
    source = "import time\ntime.sleep(0.5)\ndef handler(e, c):\n    time.sleep(0.1)\n"
    function.create(archive({"app.py": source}))
    function.api.invoke(FunctionName=function.name)
    assert 100 <= watch.sum("Duration") < 400


def test_metrics_of_other_dimensions_are_others(live: Function, watch: Watch) -> None:
    live.call()
    span = {"StartTime": datetime.now(UTC) - timedelta(hours=1), "EndTime": datetime.now(UTC)}
    absent = [*watch.dimensions(None), {"Name": "ExecutedVersion", "Value": "1"}]
    found = watch.api.get_metric_statistics(
        **span,
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=absent,
        Period=60,
        Statistics=["Sum"],
    )
    assert found["Datapoints"] == []


@pytest.mark.parametrize("period", [10, 60])
def test_an_alarm_sees_the_errors_of_its_alias(canary: Function, watch: Watch, period: int) -> None:
    canary.api.create_alias(FunctionName=canary.name, Name="calm", FunctionVersion="1")
    for qualifier in ("live", "calm"):
        watch.alarm(f"{watch.name}-{qualifier}", qualifier, Period=period)
        assert watch.state(f"{watch.name}-{qualifier}") == "OK"
    assert canary.call("calm")[0] is None
    while canary.call("live")[0] is None:
        pass
    assert watch.state(f"{watch.name}-live") == "ALARM"
    assert watch.state(f"{watch.name}-calm") == "OK"


def test_an_alarm_without_data(live: Function, watch: Watch) -> None:
    for treated, wanted in [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),  # as it was made
        ("notBreaching", "OK"),
        ("breaching", "ALARM"),
    ]:
        watch.alarm(f"{watch.name}-{treated}", "live", TreatMissingData=treated)
        assert watch.state(f"{watch.name}-{treated}") == wanted


def test_an_alarm_tells_when_its_state_changed(live: Function, watch: Watch) -> None:
    watch.alarm(watch.name, "live", Period=60)

    def changed(state: str) -> Any:
        watch.api.set_alarm_state(AlarmName=watch.name, StateValue=state, StateReason="a probe")
        (alarm,) = watch.api.describe_alarms(AlarmNames=[watch.name])["MetricAlarms"]
        return alarm["StateTransitionedTimestamp"]

    first = changed("ALARM")
    assert changed("ALARM") == first
    assert first < changed("OK") < changed("ALARM")


def test_an_alarm_is_over_a_period_after_its_cause(function: Function, watch: Watch) -> None:
    function.create(BROKEN)
    erring, by_hand = f"{watch.name}-erring", f"{watch.name}-by-hand"
    watch.alarm(erring, "$LATEST")
    watch.alarm(by_hand, "live")
    function.call()
    watch.api.set_alarm_state(AlarmName=by_hand, StateValue="ALARM", StateReason="a probe")
    assert (watch.state(erring), watch.state(by_hand)) == ("ALARM", "ALARM")
    time.sleep(10.5)
    assert (watch.state(erring), watch.state(by_hand)) == ("OK", "OK")
