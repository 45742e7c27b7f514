"""The page a person reads after a run, in GitHub's Markdown."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import Cancelled, DeployError
from lambda_fast_deploy.models import Action, Outcome
from lambda_fast_deploy.report import charts, tables
from lambda_fast_deploy.report.console_links import console, log
from lambda_fast_deploy.report.markdown import cell, fence, folded
from lambda_fast_deploy.report.prices import AS_OF, MINUTE, STORED
from lambda_fast_deploy.report.sentences import sentence
from lambda_fast_deploy.report.tables import MARKS
from lambda_fast_deploy.report.timeline import timeline
from lambda_fast_deploy.run_log import RunLog

LIMIT = 1_000_000  # bytes; GitHub drops a summary of more than 1 MiB whole
WORTH = 20.0  # seconds spared that are worth a word


def summary(outcome: Outcome | None, run_log: RunLog, error: DeployError | None = None) -> str:
    """The step summary of a run that ended well or badly."""
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
    if any(":" in entry.id for entry in run_log.entries):  # else it has only looked
        parts.append(folded("Timeline", timeline(run_log), opened=True))
    if outcome:
        alone = outcome.deliveries[0] if len(outcome.deliveries) == 1 else None
        sizes = charts.heaviest(outcome.packages)
        parts.append(folded("Sizes", "\n\n".join(filter(None, (tables.sizes(outcome), sizes)))))
        parts.append(folded("Releases before", charts.past(alone) if alone else ""))
    # A function's answer can hold half a surrogate pair, which no file takes.
    page = ("\n\n".join(filter(None, parts)) + "\n").encode("utf-8", "replace")
    if len(page) > LIMIT:
        return page[:LIMIT].decode("utf-8", "ignore") + "\n\n… cut here.\n"
    return page.decode()


# ------------------------------------------------------------ what came of it


def _headline(outcome: Outcome | None, run_log: RunLog, error: DeployError | None) -> str:
    seconds = f"in {units.seconds(run_log.elapsed, 1)}"
    if error or not outcome:
        what = "nothing was touched" if error and error.exit_code in (2, 3) else "failed"
        what = "cancelled" if isinstance(error, Cancelled) else what
        return f"❌ Not deployed: {what}, {seconds}"
    if not outcome.deliveries:
        return f"✅ Base images are there, {seconds}"
    if len(outcome.deliveries) == 1:
        delivery = outcome.deliveries[0]
        mark = MARKS["failed" if delivery.left else delivery.outcome]
        if delivery.outcome == "planned":
            changes = sum(step.action.changes for step in outcome.plan.steps)
            would = f"{changes} of {len(outcome.plan.steps)} steps would change something"
            return f"{mark} {cell(sentence(delivery))}: {would}, {seconds}"
        return f"{mark} {cell(sentence(delivery))}, {seconds}"
    counts = {
        kind: sum(d.outcome == kind for d in outcome.deliveries)
        for kind in MARKS
        if any(d.outcome == kind for d in outcome.deliveries)
    }
    mark = "✅" if not outcome.exit_code else "❌"
    return f"{mark} {', '.join(f'{n} {kind}' for kind, n in counts.items())}, {seconds}"


def _failures(outcome: Outcome) -> str:
    parts = []
    for delivery in outcome.deliveries:
        if delivery.error:
            parts.append(f"### {cell(delivery.function)} in {delivery.region}")
            parts.append(fence("\n".join(filter(None, (delivery.error, delivery.remedy)))))
            parts += [f"- undone: {cell(what)}" for what in delivery.undone]
            parts += [f"- not undone: {cell(what)}" for what in delivery.spared]
            parts += [f"- **left, mend by hand**: {cell(what)}" for what in delivery.left]
            where = " · ".join(filter(None, (log(delivery), console(delivery))))
            parts.append(f"- {where}" if delivery.arn else "")
    return "\n".join(parts)


def _sums(outcome: Outcome, run_log: RunLog) -> str:
    """What was done and what was spared, in a line; nothing of a plan."""
    if all(delivery.outcome == "planned" for delivery in outcome.deliveries):
        return ""
    kinds = [step.action for step in outcome.plan.steps if step.kind in ("base", "image", "layer")]
    facts, prices = [], f"(list price of {AS_OF})"
    if kinds:
        built = sum(action is Action.BUILD for action in kinds)
        others = "" if built == len(kinds) else ", the others reused"
        what = f"{built} of {len(kinds)} images and layers built{others}"
        facts.append(what if built else "No image or layer had to be built")
    slowest = max(
        (p.seconds for d in outcome.deliveries for p in d.history if p.seconds), default=0.0
    )
    if slowest - run_log.elapsed > WORTH:
        spared = slowest - run_log.elapsed
        facts.append(
            f"{slowest / run_log.elapsed:.0f} times as fast as the slowest release before "
            f"({units.seconds(slowest)}): {units.minutes(spared, 1)}, "
            f"{units.in_minutes(spared) * MINUTE:.3f} USD of a runner spared {prices}"
        )
    if images := sum(delivery.image_size for delivery in outcome.deliveries):
        facts.append(f"storage of what was built: {images * STORED:.2f} USD a month {prices}")
    return f"{'; '.join(facts)}." if facts else ""
