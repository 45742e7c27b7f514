"""Versions: published once per content, and read back as they were.

https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html and
https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

from lab.emulator.actions import Need
from lab.emulator.answers import Answer, document, failure, success
from lab.emulator.functions import busy
from lab.emulator.permissions import allows
from lab.emulator.settings import Settings
from lab.emulator.variables import readable

# What may differ between $LATEST and the version last made of it.
_VOLATILE = frozenset(
    {
        "RevisionId",
        "LastModified",
        "Version",
        "FunctionArn",
        "MasterArn",
        "State",
        "StateReason",
        "StateReasonCode",
        "LastUpdateStatus",
        "LastUpdateStatusReason",
        "LastUpdateStatusReasonCode",
    }
)

_zips: dict[str, bytes] = {}  # by the hex digits of their SHA-256

_publish_version = lambda_svc._publish_version
_get_function = lambda_svc._get_function
_list_functions = lambda_svc._list_functions
_serve_function_code = lambda_svc.serve_function_code


def publish_version(name: str, request: dict[str, Any]) -> Answer:
    """PublishVersion: the same content again is the same version; CodeSha256 and RevisionId
    of the request must be those of $LATEST; not while an update is in progress."""
    function = lambda_svc._functions.get(name)
    if function:
        config = function["config"]
        error = None if request.get("_update") else busy(name)
        wanted = request.get("CodeSha256")
        if not error and wanted and wanted != config.get("CodeSha256"):
            error = failure(
                "InvalidParameterValueException",
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST "
                f"({config.get('CodeSha256')}). Please try again with the CodeSHA256 in $LATEST.",
            )
        if not error and request.get("RevisionId"):
            error = lambda_svc._check_revision(config, request)
        if error:
            return error
        last = max(function["versions"], key=int, default=None)
        if last:
            version = function["versions"][last]
            described = bool(request.get("Description"))
            if _content(version["config"], described) == _content(config, described):
                version["function_revision"] = config.get("RevisionId")
    answer: Answer = _publish_version(name, request)
    return success(document(answer), 201) if answer[0] == 201 else answer


def _content(config: dict[str, Any], described: bool) -> dict[str, Any]:
    ignored = _VOLATILE | {"Description"} if described else _VOLATILE
    content = {key: value for key, value in config.items() if key not in ignored}
    # A version tells that it has its snapshot, and $LATEST never has one (API: SnapStartResponse).
    return {**content, "SnapStart": (config.get("SnapStart") or {}).get("ApplyOn")}


def list_functions(query: dict[str, Any]) -> Answer:
    """ListFunctions: with FunctionVersion=ALL every version counts, MaxItems (50) to a page."""
    if query.get("FunctionVersion") not in ("ALL", ["ALL"]):
        answer: Answer = _list_functions(query)
        return answer
    every = [
        config
        for name in sorted(lambda_svc._functions)
        for config in (
            lambda_svc._functions[name]["config"],
            *(each["config"] for each in lambda_svc._functions[name]["versions"].values()),
        )
    ]
    start = int(lambda_svc._qp_first(query, "Marker", "0") or 0)
    most = int(lambda_svc._qp_first(query, "MaxItems", "50"))
    page: dict[str, Any] = {"Functions": every[start : start + most]}
    if start + most < len(every):
        page["NextMarker"] = str(start + most)
    return success(page)


def teach(settings: Settings) -> None:
    """Install every behaviour of this module."""

    def get_function(name: str, qualifier: str | None = None) -> Answer:
        """GetFunction: ResolvedImageUri is the digest; Location serves the zip of this moment;
        Tags are for those who may list them."""
        answer: Answer = _get_function(name, qualifier)
        if answer[0] != 200:
            return answer
        found = document(answer)
        code, config = found.get("Code", {}), found["Configuration"]
        if code.get("RepositoryType") == "ECR" and config.get("_Resolved"):
            code["ResolvedImageUri"] = config["_Resolved"]
        elif "Location" in code:
            account, region = lambda_svc.get_account_id(), lambda_svc.get_region()
            function = lambda_svc._functions[name]
            record = function["versions"].get(config.get("Version"), function)
            key = base64.b64decode(config["CodeSha256"]).hex()
            _zips[key] = record.get("code_zip") or b""
            _, _, query = code["Location"].partition("?")
            code["Location"] = (
                f"http://{settings.address}/_ministack/lambda-code/{account}/{region}/{key}?{query}"
            )
        if not allows(Need("lambda:ListTags", lambda_svc._func_arn(name))):
            found.pop("Tags", None)
            found["TagsError"] = {"ErrorCode": "AccessDeniedException", "Message": "no permission"}
        found["Configuration"] = readable(config)
        return success(found)

    lambda_svc._publish_version = publish_version
    lambda_svc._get_function = get_function
    lambda_svc._list_functions = list_functions
    lambda_svc.serve_function_code = serve_function_code
    for reader in ("_get_function_config", "_list_versions", "_list_functions"):
        setattr(lambda_svc, reader, _without_notes(getattr(lambda_svc, reader)))


def serve_function_code(
    name: str, account_id: str | None = None, region: str | None = None
) -> Answer:
    """Serve a zip that a location was given for: an S3 object's version stays what it is."""
    if name in _zips:
        return 200, {"Content-Type": "application/zip"}, _zips[name]
    answer: Answer = _serve_function_code(name, account_id, region)
    return answer


def _without_notes(read: Callable[..., Answer]) -> Callable[..., Answer]:
    def reader(*args: Any, **named: Any) -> Answer:
        answer = read(*args, **named)
        if answer[0] != 200:
            return answer
        found = readable(document(answer))
        for several in ("Functions", "Versions"):
            if several in found:
                found[several] = [readable(each) for each in found[several]]
        return success(found)

    return reader
