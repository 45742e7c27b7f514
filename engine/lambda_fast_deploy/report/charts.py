"""Charts of sizes and of earlier releases, in Mermaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lambda_fast_deploy import units
from lambda_fast_deploy.models import FunctionOutcome
from lambda_fast_deploy.report.markdown import label, mermaid

HEAVIEST = 8  # packages of a chart; the others are one slice
REGRESSION = 1.25  # times the median of the previous releases
ENOUGH = 3  # previous releases, at least, for a median


def heaviest(packages: Mapping[str, Mapping[str, int]]) -> str:
    """A pie chart of the heaviest packages in built layers; empty if none was built."""
    sizes = {name: size for layer in packages.values() for name, size in layer.items()}
    ranked = sorted(sizes.items(), key=lambda pair: -pair[1])
    if not ranked:
        return ""
    slices = [(label(name), size) for name, size in ranked[:HEAVIEST]]
    if rest := sum(size for _, size in ranked[HEAVIEST:]):
        slices.append((f"{len(ranked) - HEAVIEST} others", rest))
    return mermaid(
        "pie showData title MB unzipped",
        *(f'    "{name}" : {max(size / units.MB, 0.01):.2f}' for name, size in slices),
    )


def past(delivery: FunctionOutcome) -> str:
    """A chart of the cold starts of the last releases, with this one at the end."""
    versions = [*(each.version for each in delivery.history), delivery.version]
    cold = [*(each.speed.cold for each in delivery.history), delivery.speed.cold]
    measured = [(v, c) for v, c in zip(versions, cold, strict=True) if c is not None][-12:]
    if len(measured) < 2:
        return ""
    names = ", ".join(f'"{label(version)}"' for version, _ in measured)
    values = ", ".join(f"{units.in_ms(seconds):.0f}" for _, seconds in measured)
    # From 0, because readers compare the heights of bars
    top = units.in_ms(max(seconds for _, seconds in measured)) * 1.1
    return mermaid(
        "xychart-beta",
        f'    title "Cold start of {label(delivery.function)}, by version"',
        f"    x-axis [{names}]",
        f'    y-axis "ms" 0 --> {top:.0f}',
        f"    bar [{values}]",
    )


def regressions(deliveries: Iterable[FunctionOutcome]) -> list[str]:
    """A sentence for each figure that is notably worse than in the previous releases."""
    sentences = []
    for delivery in deliveries:
        if delivery.outcome != "deployed":
            continue
        for verb, now, before, show in (
            (
                "starts in",
                delivery.speed.cold,
                [each.speed.cold for each in delivery.history],
                units.milliseconds,
            ),
            (
                "has code of",
                delivery.code_size,
                [p.code_size for p in delivery.history],
                units.size,
            ),
        ):
            usual = _usual(before)
            if now and usual and now > usual * REGRESSION and show(now) != show(usual):
                sentences.append(
                    f"{delivery.function} {verb} {show(now)}, {now / usual - 1:.0%} more than the "
                    f"median of its last {len(before)} releases ({show(usual)})."
                )
    return sentences


def _usual(values: Sequence[float | None]) -> float:
    import statistics

    measured = [value for value in values if value]
    return statistics.median(measured) if len(measured) >= ENOUGH else 0.0
