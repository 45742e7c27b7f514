"""What an update of a function changes besides what it is for: every member of the API's model.

A member that is left out either stays as it is, or goes back to its default. The engine must send
the latter again. botocore's model lists the members, and a new one must be looked at here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from botocore.stub import ANY, Stubber

from lambda_fast_deploy.adapters.aws.function_states import state_of
from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.planning.configuration import parameters_of
from tests.unit import make

# Which function, under which condition, and what else the call itself is about: nothing of the
# function is told by these.
CALL = {"FunctionName", "RevisionId", "DryRun", "Publish", "PublishTo"}

# Lambda API, UpdateFunctionCode. S3ObjectVersion is the newest where it is left out: objects are
# named by their content. S3ObjectStorageMode becomes COPY, so that the code does not depend on the
# bucket, which is what is meant.
CODE = {"ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "S3ObjectStorageMode", "ImageUri"}
RESET = {"Architectures", "SourceKMSKeyArn"}  # "The default value is x86_64"; "an AWS managed key"

# Lambda API, UpdateFunctionConfiguration: what is left out stays. These are never sent.
LEFT = {"ImageConfig"}
# These are sent when they are to change, and a structure is then replaced as a whole.
SENT = {
    *("Role", "Handler", "Description", "Timeout", "MemorySize", "VpcConfig", "Environment"),
    *("Runtime", "TracingConfig", "Layers", "EphemeralStorage", "LoggingConfig"),
    *("DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs", "SnapStart"),
    *("CapacityProviderConfig", "DurableConfig", "RuntimeConfig", "AcceleratorConfig"),
}


@pytest.fixture(scope="module")
def model() -> Any:
    return botocore.session.get_session().get_service_model("lambda")


def members(model: Any, operation: str) -> dict[str, Shape]:
    found: dict[str, Shape] = model.operation_model(operation).input_shape.members
    return found


def sample(shape: Any) -> Any:
    """A value that is no default."""
    if shape.type_name == "structure":
        return {name: sample(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member)]
    if shape.type_name == "map":
        return {"KEY": "value"}
    if shape.type_name == "string" and shape.enum:
        return shape.enum[-1]
    return {"integer": 777, "long": 777, "boolean": True}.get(shape.type_name, "some-text")


def test_every_member_has_been_looked_at(model: Any) -> None:
    assert members(model, "UpdateFunctionCode").keys() == CALL | CODE | RESET
    known = {"FunctionName", "RevisionId"} | LEFT | SENT
    assert members(model, "UpdateFunctionConfiguration").keys() == known


def test_code_takes_along_all_that_would_be_reset(aws: Aws, stub: Callable[[str], Stubber]) -> None:
    state = state_of(
        {"FunctionArn": make.ARN, "Architectures": ["arm64"]}, {"SourceKMSKeyArn": "arn:aws:kms:1"}
    )
    kept = {"Architectures": ["arm64"], "SourceKMSKeyArn": "arn:aws:kms:1"}
    assert kept.keys() == RESET
    service, functions = stub("lambda"), Functions(aws, make.REGION)
    settings = (state.architecture, state.code_key)
    asked = {"FunctionName": "orders", "ZipFile": b"zip", **kept}
    service.add_response("update_function_code", {}, asked)
    service.add_response(
        "get_function", {"Configuration": {"FunctionArn": make.ARN}}, {"FunctionName": ANY}
    )
    functions.update_code("orders", {"ZipFile": b"zip"}, *settings)
    service.add_response("update_function_code", {}, {**asked, "DryRun": True})
    functions.rehearse("orders", {"ZipFile": b"zip"}, *settings)


def test_what_is_put_back_of_a_configuration_is_whole(model: Any) -> None:
    told = model.operation_model("GetFunction").output_shape.members["Configuration"]
    there = sample(told)
    there |= {"PackageType": "Zip", "Environment": {"Variables": {"KEY": "value"}}}
    sent = parameters_of(state_of(there))
    assert sent.keys() == SENT
    for name, shape in members(model, "UpdateFunctionConfiguration").items():
        if name in SENT and shape.type_name == "structure":
            wanted = {member: there[name][member] for member in shape.members}
            assert sent[name] == wanted, name
    assert sent["FileSystemConfigs"] == there["FileSystemConfigs"]
