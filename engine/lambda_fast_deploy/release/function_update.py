"""Updates ``$LATEST`` and publishes it as a version, which has no traffic yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lambda_fast_deploy.adapters.aws.function_states import under_way
from lambda_fast_deploy.errors import (
    ChangedMeanwhile,
    Conflict,
    DeployError,
    ImageRefused,
    NotFound,
)
from lambda_fast_deploy.models import FunctionState, ObservedFunction, Step
from lambda_fast_deploy.models.attribute_change import shown
from lambda_fast_deploy.planning.configuration import changes, holds, resolved, update_of
from lambda_fast_deploy.planning.problems import unusable
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_creation import create_function
from lambda_fast_deploy.release.layer_versions import layers_exist
from lambda_fast_deploy.release.new_code import NewCode
from lambda_fast_deploy.release.ownership import adopt, is_of_a_run
from lambda_fast_deploy.release.publish import publish
from lambda_fast_deploy.release.restore import (
    is_same,
    restore_code,
    restore_configuration,
    was_live,
)
from lambda_fast_deploy.state import descriptions


@dataclass(frozen=True, slots=True)
class NewVersion:
    """The version to release; its ``code_location`` is the URI of its image, if it has one.

    ``is_shared``: ``$LATEST`` was not the live version when this run began, so another run may
    roll back a part of it.
    """

    state: FunctionState
    is_shared: bool


def stage(context: ReleaseContext, label: str) -> NewVersion:
    """Update ``$LATEST`` as desired, and publish it if the function has an alias.

    Args:
        context: the release.
        label: description of the version, unique to this run. It distinguishes a new version from
            an existing one, which AWS returns if nothing has changed.

    Raises:
        DeployError: AWS refused; the undo of the release has the changes so far.
    """
    return _FunctionUpdate(context).publish(label)


class _FunctionUpdate:
    """The update of one function; ``_latest`` is ``$LATEST`` after this run's last change."""

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._functions = context.clients.functions(context.region)
        self._code = NewCode(context)
        self._is_foreign = False  # another run has made a change that was planned here
        self._latest = context.observed.latest if context.observed else None

    @property
    def _revision(self) -> str:
        return self._latest.revision if self._latest else ""

    def publish(self, label: str) -> NewVersion:
        """Change ``$LATEST`` and publish it.

        Raises:
            ChangedMeanwhile: this run began on top of a change that another run has rolled back.
            DeployError: AWS refused.
        """
        try:
            return self._publish(label)
        except Conflict as conflict:
            if isinstance(conflict, ChangedMeanwhile) or not self._was_rolled_back():
                raise
            raise ChangedMeanwhile(conflict.message, remedy=conflict.remedy) from None

    def _was_rolled_back(self) -> bool:
        """Whether `$LATEST` was not live when this run began, and what is live is the same."""
        context = self._context
        observed = context.observed
        if observed is None or not context.function.has_alias or was_live(context):
            return False
        versions = context.clients.versions(context.region)
        try:
            alias = versions.alias(context.name, context.function.alias)
        except DeployError:
            return False  # the conflict itself is what to report
        return descriptions.proved_by(alias) == descriptions.proved_by(observed.alias)

    def _publish(self, label: str) -> NewVersion:
        context = self._context
        steps, observed = context.steps, context.observed
        if steps.function:
            self._latest = create_function(context, steps.function, self._code)
        elif observed:
            self._wait(observed.latest)
            if is_of_a_run(context):
                self._adopt(observed.latest)
            if steps.configuration and steps.configuration.is_due:
                self._configure(steps.configuration, observed)
            if steps.code and steps.code.is_due:
                self._upload(steps.code)
        if context.function.has_alias:
            sha256 = self._sha256_to_publish()
            state = publish(context, label, sha256, self._revision)
        else:
            # A run that is cancelled has not waited for Lambda.
            context.run_log.cancellation.check()
            latest = self._functions.read(context.name)
            if latest is None:
                raise ChangedMeanwhile(f"{context.name} was deleted")
            state = latest
        is_shared = self._is_foreign or (observed is not None and not was_live(context))
        return NewVersion(replace(state, code_location=self._code.image), is_shared)

    def _wait(self, observed: FunctionState) -> None:
        """Wait for an update that was in progress when this run observed the function.

        Raises:
            ChangedMeanwhile: the function differs from the observed one after it.
            NotReady: the function has failed and accepts no change.
        """
        context, activity = self._context, under_way(observed)
        if not activity:
            return
        reason = f"{context.name} is {activity}"
        with context.run_log.work(
            f"function:{context.name}", "read", reason, context.region
        ) as detail:
            try:
                now = self._functions.at_rest(context.name)
            except NotFound:
                raise ChangedMeanwhile(f"{context.name} was deleted") from None
            if problem := unusable(context.name, now, context.region):
                raise problem
            if not is_same(now, observed):
                raise ChangedMeanwhile(
                    f"{context.name} was being updated, and now differs from its state in the plan"
                )
            self._latest = now
            detail(f"{context.name} is {now.state}")

    def _adopt(self, observed: FunctionState) -> None:
        """Take the function over from the run that is creating it or was killed."""
        now = adopt(self._context)
        if is_same(now, observed):
            self._latest = now

    # ------------------------------------------------------------ changes

    def _configure(self, step: Step, observed: ObservedFunction) -> None:
        context = self._context
        step = replace(step, parameters=resolved(step.parameters, context.artifacts.layers))
        update = update_of(step, observed.latest)
        with context.working(step) as detail:
            if not update:
                detail("unchanged: the layers have the same content")
                return
            context.undo.record(
                f"configuration of {context.name}", lambda: restore_configuration(context, update)
            )
            with layers_exist(update):
                self._latest = self._guarded(
                    lambda: self._functions.configure(context.name, update, self._revision),
                    lambda now: holds(step, now),
                )
            detail(shown(changes(update, observed.latest, observed.foreign)))

    def _upload(self, step: Step) -> None:
        context, code = self._context, self._code
        with context.working(step) as detail:
            if not context.function.has_alias:  # the address of its code expires in ten minutes
                context = self._with_code_location(context)
            context.undo.record(
                f"code of {context.name}", lambda: restore_code(context, code.is_from_this_run)
            )
            try:
                self._latest = self._guarded(self._update_code, code.is_in)
            except ImageRefused as refusal:
                code.rebuild_in_gzip(refusal)
                self._latest = None  # the refused update has changed it
                self._latest = self._guarded(self._update_code, code.is_in)
            detail(str(code))

    def _with_code_location(self, context: ReleaseContext) -> ReleaseContext:
        """The release with a fresh address for a download of the code of ``$LATEST``."""
        observed = context.observed
        now = self._functions.read(context.name) if observed else None
        if observed is None or now is None:
            return context
        latest = replace(observed.latest, code_location=now.code_location)
        return replace(context, observed=replace(observed, latest=latest))

    def _update_code(self) -> FunctionState:
        context = self._context
        with self._code.being_sent():
            return self._functions.update_code(
                context.name,
                self._code.parameters,
                context.function.architecture,
                self._code.key,
                self._revision,
                self._code.sha256,
            )

    def _guarded(
        self, change: Callable[[], FunctionState], is_done: Callable[[FunctionState], bool]
    ) -> FunctionState:
        """Make a change that is conditional on the revision; returns the state after it.

        Raises:
            Conflict: another deployment changed the function since this run read it.
        """
        context = self._context
        try:
            return change()
        except NotFound:
            raise ChangedMeanwhile(f"{context.name} was deleted") from None
        except Conflict as conflict:
            now = self._functions.read(context.name)
            if now and is_done(now):
                if not conflict.repeated:  # another deployment made the same change
                    self._is_foreign = True
                    context.undo.forget()
                return self._functions.settled(context.name)
            when = f" at {now.modified}" if now else ""
            raise context.conflict(f"changed {context.name}{when}") from None

    def _sha256_to_publish(self) -> str:
        """The CodeSha256 that ``$LATEST`` must have when it is published.

        For a zip it is known in advance, so that code of another deployment is never published.
        For an image Lambda computes it; it is that of ``$LATEST`` if that has the image.

        Raises:
            Conflict: ``$LATEST`` has another image.
        """
        context = self._context
        if self._code.sha256:
            return self._code.sha256
        if self._latest is None or not self._code.is_in(self._latest):
            raise context.conflict(f"changed the code of {context.name}")
        return self._latest.code_sha256
