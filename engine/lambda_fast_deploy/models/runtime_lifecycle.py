"""When Lambda deprecates its runtimes, and from when it neither creates nor updates functions.

AWS moves these dates, and then only later, so a plan reports them and AWS decides. Source: Lambda
developer guide, "Lambda runtimes", as cfn-lint has copied it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

AS_OF = date(2026, 6, 2)  # of the source


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The dates of a runtime: deprecated, no new functions, no updates of existing ones."""

    deprecated: date
    no_creation: date
    no_update: date


def _dates(deprecated: str, no_creation: str, no_update: str) -> Lifecycle:
    return Lifecycle(*map(date.fromisoformat, (deprecated, no_creation, no_update)))


LIFECYCLES = {
    "dotnet10": _dates("2028-11-14", "2028-12-14", "2029-01-15"),
    "dotnet6": _dates("2024-12-20", "2027-02-01", "2027-03-03"),
    "dotnet8": _dates("2026-11-10", "2027-02-01", "2027-03-03"),
    "dotnetcore1.0": _dates("2019-06-27", "2019-06-30", "2019-07-30"),
    "dotnetcore2.0": _dates("2019-05-30", "2019-04-30", "2019-05-30"),
    "dotnetcore2.1": _dates("2022-01-05", "2022-01-05", "2022-04-13"),
    "dotnetcore3.1": _dates("2023-04-03", "2023-04-03", "2023-05-03"),
    "go1.x": _dates("2024-01-08", "2024-02-08", "2027-03-03"),
    "java11": _dates("2027-06-30", "2027-07-31", "2027-08-31"),
    "java17": _dates("2027-06-30", "2027-07-31", "2027-08-31"),
    "java21": _dates("2029-06-30", "2029-07-31", "2029-08-31"),
    "java25": _dates("2029-06-30", "2029-07-31", "2029-08-31"),
    "java8": _dates("2024-01-08", "2024-02-08", "2027-03-03"),
    "java8.al2": _dates("2027-06-30", "2027-07-31", "2027-08-31"),
    "nodejs10.x": _dates("2021-07-30", "2021-07-30", "2022-02-14"),
    "nodejs12.x": _dates("2023-03-31", "2023-03-31", "2023-04-30"),
    "nodejs14.x": _dates("2023-12-04", "2024-01-09", "2027-03-03"),
    "nodejs16.x": _dates("2024-06-12", "2027-02-01", "2027-03-03"),
    "nodejs18.x": _dates("2025-09-01", "2027-02-01", "2027-03-03"),
    "nodejs20.x": _dates("2026-04-30", "2027-02-01", "2027-03-03"),
    "nodejs22.x": _dates("2027-04-30", "2027-06-01", "2027-07-01"),
    "nodejs24.x": _dates("2028-04-30", "2028-06-01", "2028-07-01"),
    "nodejs4.3": _dates("2020-03-05", "2020-02-03", "2020-03-05"),
    "nodejs4.3-edge": _dates("2020-03-05", "2019-03-31", "2019-04-30"),
    "nodejs6.10": _dates("2019-08-12", "2019-07-12", "2019-08-12"),
    "nodejs8.10": _dates("2020-03-06", "2020-02-04", "2020-03-06"),
    "provided": _dates("2024-01-08", "2024-02-08", "2027-03-03"),
    "provided.al2": _dates("2026-07-31", "2027-02-01", "2027-03-03"),
    "provided.al2023": _dates("2029-06-30", "2029-07-31", "2029-08-31"),
    "python2.7": _dates("2021-07-15", "2021-07-15", "2022-05-30"),
    "python3.10": _dates("2026-10-31", "2027-02-01", "2027-03-03"),
    "python3.11": _dates("2027-06-30", "2027-07-31", "2027-08-31"),
    "python3.12": _dates("2028-10-31", "2028-11-30", "2029-01-10"),
    "python3.13": _dates("2029-06-30", "2029-07-31", "2029-08-31"),
    "python3.14": _dates("2029-06-30", "2029-07-31", "2029-08-31"),
    "python3.6": _dates("2022-07-18", "2022-07-18", "2022-08-29"),
    "python3.7": _dates("2023-12-04", "2024-01-09", "2027-03-03"),
    "python3.8": _dates("2024-10-14", "2027-02-01", "2027-03-03"),
    "python3.9": _dates("2025-12-15", "2027-02-01", "2027-03-03"),
    "ruby2.5": _dates("2021-07-30", "2021-07-30", "2022-03-31"),
    "ruby2.7": _dates("2023-12-07", "2024-01-09", "2027-03-03"),
    "ruby3.2": _dates("2026-03-31", "2027-02-01", "2027-03-03"),
    "ruby3.3": _dates("2027-03-31", "2027-04-30", "2027-05-31"),
    "ruby3.4": _dates("2028-03-31", "2028-04-30", "2028-05-31"),
    "ruby4.0": _dates("2029-03-31", "2029-04-30", "2029-05-31"),
}
