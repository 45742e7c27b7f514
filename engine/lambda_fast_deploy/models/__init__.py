"""The frozen values that the phases exchange. All sizes are in bytes, all times in seconds."""

from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.configuration import Configuration, Network
from lambda_fast_deploy.models.desired import (
    LATEST,
    Budgets,
    Function,
    Settings,
    Stack,
    Store,
)
from lambda_fast_deploy.models.enums import (
    Access,
    Architecture,
    Bytecode,
    Compression,
    EventKind,
    Profile,
)
from lambda_fast_deploy.models.event import Event
from lambda_fast_deploy.models.function_tests import (
    Canary,
    Condition,
    FunctionTest,
    NeededPermission,
    Remark,
)
from lambda_fast_deploy.models.function_url import FunctionUrl, Url
from lambda_fast_deploy.models.images import DesiredImages, ImageBuild, ImageRequest
from lambda_fast_deploy.models.metric_alarms import Alarms
from lambda_fast_deploy.models.observed import (
    AliasState,
    Archive,
    Fingerprints,
    FunctionState,
    LayerVersion,
    ObservedFunction,
    ObservedRegion,
)
from lambda_fast_deploy.models.outcome import (
    Artifacts,
    FunctionOutcome,
    Outcome,
    PastVersion,
    Serves,
    Speed,
)
from lambda_fast_deploy.models.plan import Action, FunctionSteps, LayerReference, Plan, Step
from lambda_fast_deploy.models.sources import (
    Base,
    BuildCommand,
    FolderLayer,
    ImageSource,
    Layer,
    PrebuiltImage,
    PruningRules,
    PublishedLayer,
    ZipSource,
)

__all__ = [
    "LATEST",
    "Access",
    "Action",
    "Alarms",
    "AliasState",
    "Architecture",
    "Archive",
    "Artifacts",
    "AttributeChange",
    "Base",
    "Budgets",
    "BuildCommand",
    "Bytecode",
    "Canary",
    "Compression",
    "Condition",
    "Configuration",
    "DesiredImages",
    "Event",
    "EventKind",
    "Fingerprints",
    "FolderLayer",
    "Function",
    "FunctionOutcome",
    "FunctionState",
    "FunctionSteps",
    "FunctionTest",
    "FunctionUrl",
    "ImageBuild",
    "ImageRequest",
    "ImageSource",
    "Layer",
    "LayerReference",
    "LayerVersion",
    "NeededPermission",
    "Network",
    "ObservedFunction",
    "ObservedRegion",
    "Outcome",
    "PastVersion",
    "Plan",
    "PrebuiltImage",
    "Profile",
    "PruningRules",
    "PublishedLayer",
    "Remark",
    "Serves",
    "Settings",
    "Speed",
    "Stack",
    "Step",
    "Store",
    "Url",
    "ZipSource",
]
