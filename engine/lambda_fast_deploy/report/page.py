"""The page about a run, in GitHub's Markdown."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import Cancelled, DeployError
from lambda_fast_deploy.models import Action, Outcome, Plan
from lambda_fast_deploy.report import charts, tables
from lambda_fast_deploy.report.console_links import console, log
from lambda_fast_deploy.report.markdown import cell, fence, folded
from lambda_fast_deploy.report.prices import AS_OF, MINUTE, STORED
from lambda_fast_deploy.report.sentences import sentence
from lambda_fast_deploy.report.tables import MARKS
from lambda_fast_deploy.report.timeline import timeline
from lambda_fast_deploy.run_log import RunLog

LIMIT = 1_000_000  # bytes; GitHub rejects a summary of more than 1 MiB
WORTH = 20.0  # seconds; the page mentions larger savings


def summary(outcome: Outcome | None, run_log: RunLog, error: DeployError | None = None) -> str:
    """The step summary of a run, successful or not."""
    parts = [f"## {_headline(outcome, run_log, error)}"]
    if error:
        parts.append(fence(str(error)))
    if outcome:
        parts += [
            _failures(outcome),
            tables.functions(outcome),
            _sums(outcome, run_log),
            *(f"> [!WARNING]\n> {cell(each)}" for each in charts.regressions(outcome.deliveries)),
            tables.tests(outcome, run_log),
            tables.outputs(outcome),
        ]
    parts += [f"> [!NOTE]\n> {cell(note)}" for note in run_log.notes]
    if outcome:
        parts.append(tables.steps(outcome, run_log))
    if any(":" in entry.id for entry in run_log.entries):  # otherwise it has only read
        parts.append(folded("Timeline", timeline(run_log), opened=True))
    if outcome:
        alone = outcome.deliveries[0] if len(outcome.deliveries) == 1 else None
        sizes = charts.heaviest(outcome.packages)
        parts.append(folded("Sizes", "\n\n".join(filter(None, (tables.sizes(outcome), sizes)))))
        parts.append(folded("Previous releases", charts.past(alone) if alone else ""))
    # A function's answer can have half a surrogate pair, which UTF-8 cannot encode.
    page = ("\n\n".join(filter(None, parts)) + "\n").encode("utf-8", "replace")
    if len(page) > LIMIT:
        return page[:LIMIT].decode("utf-8", "ignore") + "\n\n… truncated.\n"
    return page.decode()


# ------------------------------------------------------------ the parts


def _headline(outcome: Outcome | None, run_log: RunLog, error: DeployError | None) -> str:
    seconds = f"in {units.seconds(run_log.elapsed, 1)}"
    if error or not outcome:
        result = "nothing was changed" if error and error.exit_code in (2, 3) else "failed"
        result = "cancelled" if isinstance(error, Cancelled) else result
        return f"❌ Not deployed: {result}, {seconds}"
    if not outcome.deliveries and not outcome.bases and outcome.plan.changed:
        return f"{MARKS['planned']} Planned only: {_count(outcome.plan)}, {seconds}"
    if not outcome.deliveries:
        return f"✅ Base images are up to date, {seconds}"
    if len(outcome.deliveries) == 1:
        delivery = outcome.deliveries[0]
        mark = MARKS["failed" if delivery.left else delivery.outcome]
        if delivery.outcome == "planned":
            return f"{mark} {cell(sentence(delivery))}: {_count(outcome.plan)}, {seconds}"
        return f"{mark} {cell(sentence(delivery))}, {seconds}"
    counts = {
        kind: sum(d.outcome == kind for d in outcome.deliveries)
        for kind in MARKS
        if any(d.outcome == kind for d in outcome.deliveries)
    }
    mark = "✅" if not outcome.exit_code else "❌"
    shown = (f"{number} {kind.replace('-', ' ')}" for kind, number in counts.items())
    return f"{mark} {', '.join(shown)}, {seconds}"


def _count(plan: Plan) -> str:
    changes = sum(step.action.changes for step in plan.steps)
    return f"{changes} of {len(plan.steps)} steps would change something"


def _failures(outcome: Outcome) -> str:
    parts = []
    for delivery in outcome.deliveries:
        if delivery.error:
            parts.append(f"### {cell(delivery.function)} in {delivery.region}")
            parts.append(fence("\n".join(filter(None, (delivery.error, delivery.remedy)))))
            parts += [f"- rolled back: {cell(change)}" for change in delivery.rolled_back]
            parts += [f"- not rolled back: {cell(change)}" for change in delivery.spared]
            parts += [
                f"- **could not be rolled back, fix manually**: {cell(change)}"
                for change in delivery.left
            ]
            links = " · ".join(filter(None, (log(delivery), console(delivery))))
            parts.append(f"- {links}" if delivery.arn else "")
    return "\n".join(parts)


def _sums(outcome: Outcome, run_log: RunLog) -> str:
    """A line with the work and the savings of a run; empty for a plan."""
    if all(delivery.outcome == "planned" for delivery in outcome.deliveries):
        return ""
    kinds = [step.action for step in outcome.plan.steps if step.kind in ("base", "image", "layer")]
    facts, prices = [], f"(list price of {AS_OF})"
    if kinds:
        built = sum(action is Action.BUILD for action in kinds)
        others = "" if built == len(kinds) else ", the others reused"
        count = f"{built} of {len(kinds)} images and layers built{others}"
        facts.append(count if built else "No image or layer was built")
        if replaced := sum(action is Action.REPLACE for action in kinds):
            facts.append(f"{replaced} replaced without a builder")
    slowest = max(
        (p.seconds for d in outcome.deliveries for p in d.history if p.seconds), default=0.0
    )
    if slowest - run_log.elapsed > WORTH:
        savings = slowest - run_log.elapsed
        facts.append(
            f"{slowest / run_log.elapsed:.0f} times as fast as the slowest previous release "
            f"({units.seconds(slowest)}): saved {units.minutes(savings, 1)} or "
            f"{units.in_minutes(savings) * MINUTE:.3f} USD of a runner {prices}"
        )
    if images := sum(delivery.image_size for delivery in outcome.deliveries):
        facts.append(f"storage of the built images: {images * STORED:.2f} USD a month {prices}")
    return f"{'; '.join(facts)}." if facts else ""
