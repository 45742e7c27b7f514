"""Versions, and the aliases that point at them (API: Lambda)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.function_states import state_of
from lambda_fast_deploy.adapters.aws.lambda_api import LambdaApi, Waits
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Conflict, DeployFailed, NotFound, Refused
from lambda_fast_deploy.models import AliasState, FunctionState

PROVISIONING = 900.0  # seconds for a version to get its provisioned concurrency


class Versions:
    """The versions and aliases of one region's functions."""

    def __init__(
        self,
        aws: Aws,
        region: str,
        is_cancelled: Callable[[], bool] = lambda: False,
        waits: Waits = lambda _: None,
    ) -> None:
        """Once the run ``is_cancelled``, there is no wait for a version to serve calls."""
        self._api = LambdaApi(aws, region, waits)
        self._is_cancelled = is_cancelled

    def publish(
        self, name: str, code_sha256: str, description: str, revision: str = ""
    ) -> FunctionState:
        """Publish ``$LATEST`` as a version, provided that it still is as this run left it.

        Lambda returns the newest version again, with its old description, if nothing has changed
        since it was published (API: ``PublishVersion``).

        Returns:
            The version, which may not be active yet.

        Raises:
            Conflict: the code, or anything since ``revision``, was changed outside this run.
        """
        guard = {"RevisionId": revision} if revision else {}
        try:
            answer = self._api.change(
                "publish_version",
                FunctionName=name,
                CodeSha256=code_sha256,
                Description=description[:256],
                **guard,
            )
        except Refused as refusal:
            if "CodeSHA256" in refusal.message:
                raise Conflict(refusal.message, code=refusal.code) from None
            raise
        return state_of(answer)

    def every(self, name: str) -> list[FunctionState]:
        """The published versions of a function, the newest first."""
        entries = self._api.pages("list_versions_by_function", "Versions", FunctionName=name)
        published = [state_of(each) for each in entries if each["Version"].isdecimal()]
        return sorted(published, key=lambda state: int(state.version), reverse=True)

    def delete(self, name: str, version: str) -> None:
        """Delete one version."""
        self._api.change("delete_function", FunctionName=name, Qualifier=version)

    def alias(self, name: str, alias: str) -> AliasState | None:
        """An alias; ``None`` if absent."""
        try:
            return _alias(self._api.call("get_alias", FunctionName=name, Name=alias))
        except NotFound:
            return None

    def aliases(self, name: str) -> list[AliasState]:
        """Every alias of a function."""
        entries = self._api.pages("list_aliases", "Aliases", FunctionName=name)
        return [_alias(each) for each in entries]

    def create_alias(self, name: str, alias: str, version: str, description: str) -> AliasState:
        """Create an alias.

        Raises:
            Conflict: it exists.
        """
        return _alias(
            self._api.change(
                "create_alias",
                FunctionName=name,
                Name=alias,
                FunctionVersion=version,
                Description=description[:256],
            )
        )

    def move_alias(
        self,
        name: str,
        alias: str,
        version: str,
        description: str,
        revision: str,
        weights: Mapping[str, float] | None = None,
    ) -> AliasState:
        """Point an alias at a version, and at others by ``weights`` (fractions of 1; none without).

        Raises:
            Conflict: it was moved outside this run since ``revision``.
        """
        return _alias(
            self._api.change(
                "update_alias",
                FunctionName=name,
                Name=alias,
                FunctionVersion=version,
                Description=description[:256],
                RevisionId=revision,
                RoutingConfig={"AdditionalVersionWeights": dict(weights or {})},
            )
        )

    def arrived(self, name: str, alias: AliasState) -> AliasState | None:
        """Wait until the version of an alias serves its calls; returns the alias then.

        An alias with provisioned concurrency serves the previous version until the next one has as
        much, which takes minutes (``AliasState.serving``). A cancelled run does not wait: AWS
        continues without it.

        Raises:
            DeployFailed: it does not serve them before the deadline.
        """

        def ask() -> tuple[AliasState | None, str]:
            now = self.alias(name, alias.name)
            if now is None or not now.serving or self._is_cancelled():
                return now, ""
            return now, (
                f"alias {alias.name} of {name} serves version {now.serving} until version "
                f"{now.version} has its provisioned concurrency"
            )

        now, awaited = self._api.wait(
            ask, deadline=PROVISIONING, longest=5.0, wake=self._is_cancelled
        )
        if awaited:
            raise DeployFailed(
                f"after {units.seconds(PROVISIONING)} {awaited}",
                remedy="See aws lambda get-provisioned-concurrency-config for the reason.",
            )
        return now

    def delete_alias(self, name: str, alias: str) -> None:
        """Delete an alias; its function URL goes with it."""
        self._api.change("delete_alias", FunctionName=name, Name=alias)


def _alias(description: Mapping[str, Any]) -> AliasState:
    return AliasState(
        arn=description["AliasArn"],
        version=description["FunctionVersion"],
        description=description.get("Description", ""),
        revision=description.get("RevisionId", ""),
        weights=(description.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {},
    )
