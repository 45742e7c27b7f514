"""The properties of resources that can name local files.

They are those of ``sam package`` and ``aws cloudformation package`` (AWS CLI command reference,
"cloudformation package"; AWS SAM CLI, ``samcli/lib/utils/resources.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.stacks.template import KeyPath

SERVERLESS_FUNCTION = "AWS::Serverless::Function"
LAMBDA_FUNCTION = "AWS::Lambda::Function"
WEB_FUNCTION = "AWS::Serverless::WebFunction"
FUNCTIONS = (SERVERLESS_FUNCTION, LAMBDA_FUNCTION)
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_ANY = "*"
_INCLUDE = "AWS::Include"


@dataclass(frozen=True, slots=True)
class ArtifactProperty:
    """A property for local files, by its path below the resource; ``*`` is any key.

    ``keys`` are those of the bucket and of the object in its packaged value. Without keys this is
    an address: ``s3://bucket/key``, or with ``is_url`` that of the object over HTTPS. ``is_code``
    is a zip of a folder or of a single file, ``is_folder`` can also be a zip of a folder, and all
    others are files.
    """

    path: KeyPath
    keys: tuple[str, str] | None = None
    is_code: bool = False
    is_folder: bool = False
    is_url: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_folder", self.is_folder or self.is_code)

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.path[-1]

    def packaged(self, bucket: Bucket, key: str) -> Any:
        """Its value in a packaged template."""
        if self.keys:
            return {self.keys[0]: bucket.name, self.keys[1]: key}
        return bucket.address(key) if self.is_url else f"s3://{bucket.name}/{key}"

    def values(self, resource: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
        """Every value in a resource, with its path."""
        yield from _values(resource, self.path, ())


def _values(value: Any, path: KeyPath, before: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if not path:
        yield before, value
    elif isinstance(value, dict):
        for key in value if path[0] == _ANY else [path[0]] if path[0] in value else []:
            yield from _values(value[key], path[1:], (*before, key))


def _of(
    *path: str, keys: tuple[str, str] | None = None, is_code: bool = False, is_folder: bool = False
) -> ArtifactProperty:
    return ArtifactProperty(("Properties", *path), keys, is_code, is_folder)


_S3, _PLAIN = ("S3Bucket", "S3Key"), ("Bucket", "Key")
_APPSYNC = tuple(
    _of(name)
    for name in (
        "RequestMappingTemplateS3Location",
        "ResponseMappingTemplateS3Location",
        "CodeS3Location",
    )
)

PROPERTIES: Mapping[str, tuple[ArtifactProperty, ...]] = {
    SERVERLESS_FUNCTION: (_of("CodeUri", is_code=True),),
    WEB_FUNCTION: (_of("CodeUri", is_code=True),),
    LAMBDA_FUNCTION: (_of("Code", keys=_S3, is_code=True),),
    "AWS::Serverless::LayerVersion": (_of("ContentUri", is_code=True),),
    "AWS::Lambda::LayerVersion": (_of("Content", keys=_S3, is_code=True),),
    "AWS::Serverless::Api": (_of("DefinitionUri"),),
    "AWS::Serverless::HttpApi": (_of("DefinitionUri"),),
    "AWS::Serverless::StateMachine": (_of("DefinitionUri", keys=_PLAIN),),
    "AWS::Serverless::GraphQLApi": (
        _of("SchemaUri"),
        _of("Functions", _ANY, "CodeUri"),
        _of("Resolvers", _ANY, _ANY, "CodeUri"),
    ),
    "AWS::ApiGateway::RestApi": (_of("BodyS3Location", keys=_PLAIN),),
    "AWS::ApiGatewayV2::Api": (_of("BodyS3Location", keys=_PLAIN),),
    "AWS::StepFunctions::StateMachine": (_of("DefinitionS3Location", keys=_PLAIN),),
    "AWS::AppSync::GraphQLSchema": (_of("DefinitionS3Location"),),
    "AWS::AppSync::Resolver": _APPSYNC,
    "AWS::AppSync::FunctionConfiguration": _APPSYNC,
    "AWS::CodeCommit::Repository": (_of("Code", "S3", keys=_PLAIN, is_folder=True),),
    "AWS::ElasticBeanstalk::ApplicationVersion": (_of("SourceBundle", keys=_S3, is_folder=True),),
    "AWS::Glue::Job": (_of("Command", "ScriptLocation"),),
    "AWS::CloudFormation::ModuleVersion": (_of("ModulePackage", is_folder=True),),
    "AWS::CloudFormation::ResourceVersion": (_of("SchemaHandlerPackage", is_folder=True),),
    "AWS::CloudFormation::StackSet": (
        ArtifactProperty(("Properties", "TemplateURL"), is_url=True),
    ),
}
INCLUDED = ArtifactProperty(("Parameters", "Location"))


def includes(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every file that the macro ``AWS::Include`` puts into a template, with its path of keys."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("Fn::Transform", "Transform"):
                yield from _locations(each, (*path, key))
            yield from includes(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from includes(each, (*path, str(index)))


def _locations(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for index, each in enumerate(value) if isinstance(value, list) else ((None, value),):
        if isinstance(each, dict) and each.get("Name") == _INCLUDE:
            at = path if index is None else (*path, str(index))
            yield from ((at + inner, found) for inner, found in INCLUDED.values(each))
