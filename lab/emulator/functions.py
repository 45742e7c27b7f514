"""Functions: what Lambda refuses, and that one change at a time is under way.

https://docs.aws.amazon.com/lambda/latest/api/ and
https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import contextvars
import copy
import re
from typing import Any

import botocore.session
from ministack.services import iam, lambda_svc

from lab.emulator import images, states, variables, zstd
from lab.emulator.answers import Answer, document, failure, success

_ZIP_LIMIT = 52_428_800  # bytes of a zip in a request
_REQUEST_LIMIT = 70_167_211  # bytes of one request; base64 makes 4 bytes of 3
_RUNTIMES = botocore.session.Session().get_service_model("lambda").shape_for("Runtime").enum
# Lambda developer guide, "Lambda runtimes", as of June 2026: no function is created with these.
_ENDED = re.compile(
    r"python(2\.7|3\.[67])|nodejs(4|6|8|10|12|14)\..+|nodejs|dotnetcore.+|ruby2\..|java8|go1\.x"
    r"|provided"
)
# CloudFormation calls the same functions and waits by itself: it never meets a busy function.
_from_api: contextvars.ContextVar[bool] = contextvars.ContextVar("from_api", default=False)

_handle_request = lambda_svc.handle_request
_create_function = lambda_svc._create_function
_update_code = lambda_svc._update_code
_update_config = lambda_svc._update_config
_delete_function = lambda_svc._delete_function


async def handle_request(*request: Any, **named: Any) -> Answer:
    """Mark calls that come over the API, as opposed to CloudFormation's own."""
    token = _from_api.set(True)
    try:
        answer: Answer = await _handle_request(*request, **named)
        return answer
    finally:
        _from_api.reset(token)


def busy(name: str) -> Answer | None:
    """ResourceConflictException where a function is Pending, Failed or being updated."""
    function = lambda_svc._functions.get(name)
    if not function or not _from_api.get():
        return None
    return states.refusal(function["config"])


def layers_refused(layers: list[Any] | None) -> Answer | None:
    """At most five layers, and no two versions of one layer."""
    arns = [layer["Arn"] if isinstance(layer, dict) else layer for layer in layers or []]
    if len(arns) > 5:
        return _invalid("You cannot reference more than 5 layers.")
    if len({arn.rsplit(":", 1)[0] for arn in arns}) != len(arns):
        return _invalid(
            "Two different versions of the same layer are not allowed to be referenced."
        )
    return None


def role_refused(role: str | None) -> Answer | None:
    """The execution role must exist."""
    if role is None or role.rpartition("/")[2] in iam._roles:
        return None
    return _invalid("The role defined for the function cannot be assumed by Lambda.")


def too_large(code: dict[str, Any], operation: str) -> Answer | None:
    """RequestEntityTooLargeException for a zip of more than 50 MB in the request itself.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    size = len(code.get("ZipFile") or "")  # in base64
    if size > _REQUEST_LIMIT:
        message = (
            f"Request must be smaller than {_REQUEST_LIMIT} bytes for the {operation} operation"
        )
    elif size * 3 // 4 > _ZIP_LIMIT:
        message = f"Zipped size must be smaller than {_ZIP_LIMIT} bytes"
    else:
        return None
    return failure("RequestEntityTooLargeException", message, 413)


def beyond_quotas(request: dict[str, Any]) -> Answer | None:
    """What the API's model takes and Lambda's quotas do not allow ordinary functions.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    storage = (request.get("EphemeralStorage") or {}).get("Size")
    given = {
        "timeout": (request.get("Timeout"), 900),
        "memorySize": (request.get("MemorySize"), 10_240),
        "ephemeralStorage.size": (storage, 10_240),
    }
    for name, (value, most) in given.items():
        if value is not None and value > most:
            return failure(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
                f"constraint: Member must have value less than or equal to {most}",
            )
    return None


def logging_refused(logging: dict[str, Any] | None) -> Answer | None:
    """Levels belong to JSON: InvalidParameterValueException where the format is or becomes Text.

    A format that is not given is Text, as in the whole that ``configured`` makes of it. The words
    are AWS's, as told in aws-cdk's pull request 28045.
    """
    given = logging or {}
    if given.get("LogFormat", "Text") == "JSON":
        return None
    if not given.keys() & {"ApplicationLogLevel", "SystemLogLevel"}:
        return None
    return _invalid(
        'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your '
        'request or change the LogFormat to "JSON".'
    )


def configured(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request with AWS's defaults in a LoggingConfig that it gives in part.

    https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
    """
    given = request.get("LoggingConfig")
    if given is None:
        return request
    whole = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"} | given
    if whole["LogFormat"] == "JSON":
        whole = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} | whole
    return {**request, "LoggingConfig": whole}


def runtime_refused(runtime: str) -> Answer | None:
    """The error of a runtime with which no function can be created."""
    if runtime not in _RUNTIMES:
        return _invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: "
            "Member must satisfy enum value set"
        )
    if _ENDED.fullmatch(runtime):
        return _invalid(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating "
            "AWS Lambda functions. We recommend you use a supported runtime while creating or "
            "updating functions."
        )
    return None


def architectures_refused(given: list[str] | None) -> Answer | None:
    """The error of several instruction sets (botocore's model: ``ArchitecturesList``)."""
    if len(given or ()) <= 1:
        return None
    return failure(
        "ValidationException",
        f"1 validation error detected: Value '{given}' at 'architectures' failed to satisfy "
        "constraint: Member must have length less than or equal to 1",
    )


def create_function(request: dict[str, Any]) -> Answer:
    """CreateFunction: absent images, unknown runtimes, layers and sizes are refused."""
    code = request.get("Code", {})
    error: Answer | None = None
    if request.get("PackageType") == "Image" or "ImageUri" in code:
        _, error = images.digest_of(code.get("ImageUri", ""))
    elif runtime := request.get("Runtime"):
        error = runtime_refused(runtime)
    error = error or too_large(code, "CreateFunction") or layers_refused(request.get("Layers"))
    error = error or architectures_refused(request.get("Architectures"))
    error = error or role_refused(request.get("Role"))
    error = error or logging_refused(request.get("LoggingConfig")) or variables.refused(request)
    if error := error or beyond_quotas(request):
        return error
    request = configured(request["FunctionName"], request)
    if "ImageUri" in code and images.fails_later(code["ImageUri"]):
        zstd.fail_later(request["FunctionName"], None, images.digest_of(code["ImageUri"])[0])
    answer: Answer = _create_function(request)
    if answer[0] != 201:
        return answer
    function = lambda_svc._functions[request["FunctionName"]]
    for config in [function["config"], *(v["config"] for v in function["versions"].values())]:
        images.pin(config)
    if not _from_api.get():
        _still_active(function)
    created = document(answer)
    created["CodeSha256"] = function["config"].get("CodeSha256", "")
    return success(created, 201)


def update_code(name: str, request: dict[str, Any]) -> Answer:
    """UpdateFunctionCode: the right package type, one update at a time, DryRun stores nothing."""
    function = lambda_svc._functions.get(name)
    if not function:
        answer: Answer = _update_code(name, request)
        return answer
    is_image = function["config"].get("PackageType", "Zip") == "Image"
    error: Answer | None = None
    if is_image != ("ImageUri" in request):
        error = _invalid(
            "Please provide ImageUri when updating a function with packageType Image."
            if is_image
            else "Please do not provide ImageUri when updating a function with packageType Zip."
        )
    elif is_image:
        _, error = images.digest_of(request["ImageUri"])
    error = error or too_large(request, "UpdateFunctionCode") or busy(name)
    if error:
        return error
    # Publishing is done here, by the same rules as PublishVersion.
    plain = {key: value for key, value in request.items() if key not in ("Publish", "DryRun")}
    if request.get("DryRun"):
        return _rehearse(function, name, plain)
    if is_image and images.fails_later(request["ImageUri"]):
        before = copy.deepcopy(function["config"])
        zstd.fail_later(name, before, images.digest_of(request["ImageUri"])[0])
    answer = _update_code(name, plain)
    if answer[0] != 200:
        return answer
    # "If you don't provide a customer managed key, Lambda uses an AWS managed key" (API reference).
    function["source_kms_key_arn"] = request.get("SourceKMSKeyArn")
    images.pin(function["config"])
    _still_active(function)
    if request.get("Publish"):
        # A module function, looked up late: the publishing module replaces it.
        published: Answer = lambda_svc._publish_version(name, {"_update": True})
        return (200, *published[1:]) if published[0] == 201 else published
    return success(variables.readable(copy.deepcopy(function["config"])))


def update_configuration(name: str, request: dict[str, Any]) -> Answer:
    """UpdateFunctionConfiguration: one update at a time; the function stays Active meanwhile."""
    error = busy(name) or layers_refused(request.get("Layers"))
    error = error or role_refused(request.get("Role"))
    error = error or logging_refused(request.get("LoggingConfig")) or variables.refused(request)
    if error := error or beyond_quotas(request):
        return error
    answer: Answer = _update_config(name, configured(name, request))
    if answer[0] != 200:
        return answer
    function = lambda_svc._functions[name]
    _still_active(function)
    if not (function["config"].get("DeadLetterConfig") or {}).get("TargetArn"):
        function["config"].pop("DeadLetterConfig", None)  # an empty ARN removes it
    if "ImageConfig" in request:
        images.retire_containers(lambda_svc.get_account_id(), name)
    return success(variables.readable(copy.deepcopy(function["config"])))


def delete_function(name: str, query: dict[str, Any], qualifier: str | None = None) -> Answer:
    """DeleteFunction takes the function's URLs with it."""
    answer: Answer = _delete_function(name, query, qualifier)
    if answer[0] == 204 and name not in lambda_svc._functions:
        for key in [k for k in lambda_svc._function_urls if k.partition(":")[0] == name]:
            del lambda_svc._function_urls[key]
    return answer


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc.handle_request = handle_request
    lambda_svc._create_function = create_function
    lambda_svc._update_code = update_code
    lambda_svc._update_config = update_configuration
    lambda_svc._delete_function = delete_function


def _rehearse(function: dict[str, Any], name: str, request: dict[str, Any]) -> Answer:
    before = {key: copy.deepcopy(function[key]) for key in ("config", "next_version")}
    before |= {key: function.get(key) for key in ("code_zip", "source_kms_key_arn")}
    answer: Answer = _update_code(name, request)
    rehearsed = document(answer)
    function.update(before)
    if answer[0] != 200:
        return answer
    rehearsed["LastUpdateStatus"] = before["config"].get("LastUpdateStatus", "Successful")
    rehearsed["State"] = before["config"].get("State", "Active")
    return success(rehearsed)


def _still_active(function: dict[str, Any]) -> None:
    # AWS serves the old code until the update is through; only LastUpdateStatus moves.
    function["config"].update(State="Active", StateReason="", StateReasonCode="")


def _invalid(message: str) -> Answer:
    return failure("InvalidParameterValueException", message)
