"""The least-privilege IAM policy with which all commands work for a configuration.

It has only statements that the configuration needs, with ARNs as specific as possible.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lambda_fast_deploy.adapters.aws.partitions import partition_of, registry_of_ecr
from lambda_fast_deploy.arn import Arn, in_region, in_s3
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.fingerprints.images.target import text_of
from lambda_fast_deploy.fingerprints.images.upstream_images import upstreams
from lambda_fast_deploy.iam import attribute_permissions, permissions
from lambda_fast_deploy.iam.feature import Feature
from lambda_fast_deploy.iam.preserve_policy import of_others
from lambda_fast_deploy.iam.statement import Statement, merged
from lambda_fast_deploy.models import (
    Base,
    DesiredImages,
    Function,
    ImageRequest,
    ImageSource,
    ObservedFunction,
    PrebuiltImage,
    Settings,
    ZipSource,
)
from lambda_fast_deploy.models.function_attributes import SETTINGS, TAGS
from lambda_fast_deploy.models.function_settings import FunctionSetting
from lambda_fast_deploy.state.bucket_keys import PREFIX

VERSION = "2012-10-17"  # of the policy language
MANAGED_LIMIT = 6144  # characters of a managed policy, without whitespace (IAM quotas)
INLINE_LIMIT = 10240  # characters of all inline policies of a role (IAM quotas)


def policy_for(
    settings: Settings, account: str, observed: Iterable[ObservedFunction] = ()
) -> dict[str, Any]:
    """The policy of the deploying role.

    Args:
        settings: the settings.
        account: the ID of the account to deploy to.
        observed: the existing functions, as far as they are known.
    """
    about = _PolicyStatements(settings, account, DesiredImages.of(settings).images)
    statements = [*about.functions(), *about.layers(), *of_others(observed)]
    if settings.stack:
        from lambda_fast_deploy.iam.stack_policy import of_stack
        from lambda_fast_deploy.stacks.stack_context import of_template

        resources, _, images = of_template(settings.stack)
        statements = list(of_stack(settings, resources, account))
        about = _PolicyStatements(settings, account, images)
    statements += [*about.images(), *about.buckets(), *about.tests(), *about.rest()]
    documents = [statement.document() for statement in merged(statements)]
    return {"Version": VERSION, "Statement": [each for each in documents if each["Resource"]]}


def too_long(document: Mapping[str, Any]) -> list[str]:
    """A note about a policy that exceeds the limit of managed policies."""
    size = len(json.dumps(document, separators=(",", ":")))
    if size <= MANAGED_LIMIT:
        return []
    remedy = "Split it into several policies"
    if size <= INLINE_LIMIT:
        remedy = f"{remedy}, or use it as an inline policy of the role (up to {INLINE_LIMIT})"
    message = f"The policy has {size} characters, but a managed policy at most {MANAGED_LIMIT}"
    return [f"{message}. {remedy}."]


def of_templates(settings: Settings) -> list[str]:
    """A note about permissions that the policy of a stack does not include."""
    if settings.stack is None or settings.stack.role:
        return []
    return [
        "CloudFormation also needs permissions for the resources of the template: add them, or set "
        "a role that has them (stack.role)."
    ]


class _PolicyStatements:
    """The statements about each kind of resource."""

    def __init__(self, settings: Settings, account: str, images: Iterable[ImageRequest]) -> None:
        self._settings = settings
        self._account = account
        self._images = tuple(images)

    def _arn(self, region: str, service: str, resource: str, account: str = "") -> str:
        owner = account or self._account
        return str(Arn(partition_of(region).name, service, region, owner, resource))

    def _functions(self, needs: Callable[[Function], object]) -> list[str]:
        """ARNs of functions, and of their versions and aliases, because IAM checks either."""
        return [
            f"{self._arn(region, 'lambda', f'function:{function.name}')}{qualifier}"
            for region, function in self._settings.targets
            if needs(function)
            for qualifier in ("", ":*")
        ]

    def _repositories(self, names: Iterable[str]) -> list[str]:
        return [
            self._arn(region, "ecr", f"repository/{name}")
            for name in names
            for region in self._settings.regions
        ]

    def functions(self) -> Iterator[Statement]:
        """The statements about functions, by the features that each uses."""
        for features, needs in _OF_FUNCTIONS:
            yield Statement.of(*features, resources=self._functions(needs))
        for setting in SETTINGS:
            if setting is not TAGS:  # part of _OF_FUNCTIONS, because marks are tags, too
                for region, function in self._settings.targets:
                    yield from self._of_setting(setting, function, region)
        roles = {function.role for function in self._settings.functions if function.role}
        yield Statement.of(
            permissions.PASS_ROLES,
            resources=sorted(roles),
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        )

    def _of_setting(
        self, setting: FunctionSetting, function: Function, region: str
    ) -> Iterator[Statement]:
        if setting.is_given(function):
            partition = partition_of(region).name
            for each in setting.permissions(function, partition, region, self._account):
                yield Statement.of(each.feature, resources=[each.resource])

    def layers(self) -> Iterator[Statement]:
        """The statements about layers, and about the search for their users."""
        named = [
            self._arn(region, "lambda", f"layer:{name}")
            for region in self._settings.regions
            for layer in self._settings.layers.values()
            for name in layer.parts
        ]
        yield Statement.of(permissions.PUBLISH_LAYERS, resources=named)
        yield Statement.of(permissions.USE_LAYERS, resources=[f"{arn}:*" for arn in named])
        shared = [
            self._arn(region, "lambda", f"layer:{name}:*")
            for region in self._settings.regions
            for layer in self._settings.layers.values()
            for name in layer.parts
            if layer.share is not None
        ]
        yield Statement.of(permissions.SHARE_LAYERS, resources=shared)
        by_arn = [
            Arn.parse(in_region(text, region))
            for region, function in self._settings.targets
            if isinstance(function.source, ZipSource)
            for text in function.source.layers_by_arn
        ]
        newest = sorted({str(arn) for arn in by_arn if not arn.qualifier})
        yield Statement.of(
            permissions.ATTACH_LAYERS,
            resources=sorted({str(arn) if arn.qualifier else f"{arn}:*" for arn in by_arn}),
        )
        yield Statement.of(permissions.FIND_NEWEST_LAYERS, resources=newest)
        searches = named or any(
            isinstance(each.source, ImageSource) and each.keep is not None
            for each in self._settings.functions
        )
        yield Statement.of(permissions.FIND_USERS, resources=["*"] if searches else [])

    def images(self) -> Iterator[Statement]:
        """The statements about base images and app images."""
        apps = {each.source.repository for each in self._images}
        every = sorted(apps | {base.repository for base in self._settings.bases.values()})
        login = ["*"] if every else []
        yield Statement.of(permissions.LOG_IN_TO_REGISTRY, resources=login)
        for feature, names in (
            (permissions.CREATE_REPOSITORIES, every),
            (permissions.PUSH_IMAGES, every),
            (permissions.DEPLOY_IMAGES, sorted(apps)),
            (permissions.DELETE_IMAGES, every),
        ):
            yield Statement.of(feature, resources=self._repositories(names))
        prebuilt = list(dict.fromkeys(self._prebuilt()))
        own = [arn for arn in prebuilt if Arn.parse(arn).account == self._account]
        yield Statement.of(permissions.DEPLOY_IMAGES, resources=own)
        yield Statement.of(permissions.PULL_UPSTREAMS, resources=[*self._upstreams(), *prebuilt])

    def _prebuilt(self) -> Iterator[str]:
        """The repositories of images that functions name by a URI."""
        for region, function in self._settings.targets:
            if isinstance(function.source, PrebuiltImage):
                host, _, rest = in_region(function.source.uri, region).partition("/")
                account, name = host.partition(".")[0], re.split("[:@]", rest)[0]
                yield self._arn(region, "ecr", f"repository/{name}", account)

    def _upstreams(self) -> Iterator[str]:
        """The ECR repositories of the images in FROM and COPY --from."""
        apps = [each.source for each in self._images]
        sources: list[Base | ImageSource] = [*self._settings.bases.values(), *apps]
        for source in sources:
            text = text_of(source.dockerfile, source.target)
            for image in upstreams(text, source.build_args):
                host, _, rest = image.partition("/")
                if registry := registry_of_ecr(host):
                    (account, region), name = registry, re.split("[:@]", rest)[0]
                    yield self._arn(region, "ecr", f"repository/{name}", account)

    def buckets(self) -> Iterator[Statement]:
        """The statements about the bucket for zips."""
        store = self._settings.artifacts
        partition = partition_of(self._settings.regions[0]).name
        zips = [store.name_in(region) for region in self._settings.regions] if store else []
        if store and store.bucket == MANAGED:  # CloudFormation generates the rest of the name
            zips = [f"{MANAGED}-samclisourcebucket-*"]
        for feature, paths in (
            (permissions.FIND_BUCKETS, zips),
            (permissions.UPLOAD_ZIPS, [f"{bucket}/{PREFIX}*" for bucket in zips]),
            (permissions.CREATE_BUCKETS, zips if store and store.create else []),
        ):
            yield Statement.of(feature, resources=[in_s3(partition, path) for path in paths])

    def tests(self) -> Iterator[Statement]:
        """The statements about further permissions of tests."""
        for region in self._settings.regions:
            partition = partition_of(region).name
            for test in self._settings.tests:
                for each in test.permissions(partition, region, self._account):
                    yield Statement.of(each.feature, resources=[each.resource])

    def rest(self) -> Iterator[Statement]:
        """The statements about canaries, networks, file systems and keys."""
        named = ["*"] if self._settings.configuration else []
        yield Statement.of(permissions.FIND_FORMER_FUNCTIONS, resources=named)
        canaries = [f.canary for f in self._settings.functions if f.canary]
        alarms = [permissions.WATCH_ALARMS] if any(each.alarms for each in canaries) else []
        yield Statement.of(permissions.WATCH_CANARIES, *alarms, resources=["*"] if canaries else [])
        networks = any(
            each.configuration.network and each.configuration.network.subnets
            for each in self._settings.functions
        )
        yield Statement.of(permissions.FIND_NETWORKS, resources=["*"] if networks else [])
        mounts = any(each.configuration.file_systems for each in self._settings.functions)
        yield Statement.of(
            attribute_permissions.MOUNT_FILE_SYSTEMS, resources=["*"] if mounts else []
        )
        keys = {
            key
            for each in self._settings.functions
            for key in (each.configuration.environment_key, each.code_key)
            if key
        }
        yield Statement.of(attribute_permissions.USE_KEYS, resources=sorted(keys))


def _is_called(function: Function) -> bool:
    """Whether a test calls the function directly."""
    return any(test.invokes_function for test in function.tests)


_Features = tuple[Feature, ...]
# Features, and the functions that need their permissions.
_OF_FUNCTIONS: tuple[tuple[_Features, Callable[[Function], object]], ...] = (
    ((permissions.DEPLOY_FUNCTIONS,), lambda _: True),
    ((permissions.RELEASE_VERSIONS,), lambda function: function.has_alias),
    (
        (permissions.LOCK_FUNCTIONS,),
        lambda function: not function.has_alias and (function.role or function.proves_latest),
    ),
    ((permissions.DELETE_VERSIONS,), lambda function: function.role or function.has_alias),
    ((permissions.CREATE_FUNCTIONS,), lambda function: function.role),
    (
        (permissions.TEST_FUNCTIONS,),
        lambda function: function.has_alias or _is_called(function),
    ),
    (
        (permissions.GIVE_FUNCTION_URLS, permissions.OPEN_FUNCTION_URLS),
        lambda function: function.url,
    ),
    (
        (permissions.CALL_FUNCTION_URLS,),
        lambda function: function.access == "iam" and _is_called(function),
    ),
    ((permissions.TAG_FUNCTIONS,), lambda function: function.role or function.needs_tags),
)
