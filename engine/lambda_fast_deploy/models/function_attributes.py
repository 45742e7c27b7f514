"""The table of a function's attributes, which all phases read.

A new attribute is a key in config/sections/functions.py, a row here, and its fields in
models/configuration.py.
"""

from __future__ import annotations

from lambda_fast_deploy.models.alias_settings import AsyncSetting, ProvisionedSetting
from lambda_fast_deploy.models.attribute import Attribute
from lambda_fast_deploy.models.attribute_kinds import (
    EnvironmentAttribute,
    FileSystemsAttribute,
    LayersAttribute,
    LoggingAttribute,
    NetworkAttribute,
    RoleAttribute,
)
from lambda_fast_deploy.models.configuration import Network
from lambda_fast_deploy.models.function_settings import FunctionSetting, TagsSetting
from lambda_fast_deploy.models.image_overrides import OverridesAttribute
from lambda_fast_deploy.models.monitoring_settings import AlarmsSetting, RetentionSetting
from lambda_fast_deploy.models.other_attributes import other_attribute

OVERRIDES = OverridesAttribute(
    "overrides",
    "ImageConfig",
    {},
    of_images=True,
    recent=True,
    source=lambda f: f.overrides,
)
LAYERS = LayersAttribute("layers", "Layers", (), of_zips=True, source=lambda _: None)
ENVIRONMENT = EnvironmentAttribute("environment", "Environment", {}, inner="Variables")

# In the order of the output. Defaults: Lambda API reference, CreateFunction.
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("runtime", "Runtime", "", of_zips=True, source=lambda f: f.runtime),
    Attribute("handler", "Handler", "", of_zips=True, source=lambda f: f.handler),
    RoleAttribute("role", "Role", "", source=lambda f: f.role),
    Attribute("description", "Description", "", hidden=True),
    Attribute("memory", "MemorySize", 128, unit="MB"),
    Attribute("timeout", "Timeout", 3, unit="s"),
    Attribute("storage", "EphemeralStorage", 512, inner="Size", unit="MB"),
    ENVIRONMENT,
    NetworkAttribute("vpc", "VpcConfig", Network(ipv6=False), model_field="network"),
    Attribute(
        "tracing",
        "TracingConfig",
        "PassThrough",
        inner="Mode",
        words={"active": "Active", "pass-through": "PassThrough"},
    ),
    LoggingAttribute(
        "logging", "LoggingConfig", {}, words={"text": "Text", "json": "JSON"}, optional=True
    ),
    OVERRIDES,
    LAYERS,
    Attribute(
        "snap-start",
        "SnapStart",
        "None",
        inner="ApplyOn",
        words={"true": "PublishedVersions", "false": "None"},
        recent=True,
    ),
    FileSystemsAttribute("file-systems", "FileSystemConfigs", {}, recent=True),
    Attribute(
        "dead-letters",
        "DeadLetterConfig",
        "",
        inner="TargetArn",
        words={"none": ""},
        recent=True,
    ),
    Attribute("environment-key", "KMSKeyArn", "", words={"none": ""}, recent=True),
)
BY_MEMBER = {attribute.member: attribute for attribute in ATTRIBUTES}


def attribute_of(member: str) -> Attribute:
    """The attribute of a member of the API."""
    return BY_MEMBER.get(member) or other_attribute(member)


CONFIGURABLE = tuple(each for each in ATTRIBUTES if each.is_configurable)

TAGS = TagsSetting(
    "tags",
    "Tags",
    get="get_function",
    put="tag_resource",
    delete="untag_resource",
    default={},
    is_of_function=True,
)
PROVISIONED = ProvisionedSetting(
    "concurrency.provisioned",
    "ProvisionedConcurrentExecutions",
    get="get_provisioned_concurrency_config",
    put="put_provisioned_concurrency_config",
    delete="delete_provisioned_concurrency_config",
    words={"none": ""},
    is_of_alias=True,
)

# Attributes that versions do not have; set after the new version is live.
SETTINGS: tuple[FunctionSetting, ...] = (
    TAGS,
    FunctionSetting(
        "concurrency.reserved",
        "ReservedConcurrentExecutions",
        get="get_function_concurrency",
        put="put_function_concurrency",
        delete="delete_function_concurrency",
        words={"none": ""},
    ),
    PROVISIONED,
    AsyncSetting(
        "async",
        "FunctionEventInvokeConfig",
        get="get_function_event_invoke_config",
        put="put_function_event_invoke_config",
        delete="delete_function_event_invoke_config",
        model_field="asynchronous",
        is_of_alias=True,
    ),
    FunctionSetting(
        "recursive-loop",
        "RecursiveLoop",
        get="get_function_recursion_config",
        put="put_function_recursion_config",
        default="Terminate",
        words={"allow": "Allow", "terminate": "Terminate"},
    ),
    RetentionSetting(
        "logging.retention",
        "retentionInDays",
        get="describe_log_groups",
        put="put_retention_policy",
        delete="delete_retention_policy",
        words={"none": ""},
    ),
    AlarmsSetting(
        "alarms",
        "MetricAlarms",
        get="describe_alarms",
        put="put_metric_alarm",
        delete="delete_alarms",
        default={},
    ),
)
