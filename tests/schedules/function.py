"""The function that runs share: how it begins, what users get of it, what there is of it."""

from __future__ import annotations

import functools
import json
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.schedules.actions import BASE, BEFORE, Content
from tests.schedules.projects import NEW, OLD, Project

_SETTINGS = "Runtime Role Handler Timeout MemorySize Environment".split()
_ONCE = Config(retries={"total_max_attempts": 1}, max_pool_connections=50)
_api = functools.cache(lambda: boto3.client("lambda", config=_ONCE))


def absent(error: ClientError) -> bool:
    """Whether what was asked for is not there."""
    return bool(error.response["Error"]["Code"] == "ResourceNotFoundException")


def read(operation: str, **asked: Any) -> Any:
    """What a call of Lambda's API answers; ``None`` if what it asks for is not there."""
    try:
        return getattr(_api(), operation)(**asked)
    except ClientError as error:
        if not absent(error):
            raise
        return None


@dataclass
class Function:
    """A function by its name; it may not be there."""

    name: str
    aws: Any = field(default_factory=_api)

    def served(self, qualifier: str) -> Content | str:
        """What a user gets: a content, or what is wrong."""
        try:
            answer = self.aws.invoke(FunctionName=self.name, Qualifier=qualifier, Payload=b"{}")
        except ClientError as error:
            return "absent" if absent(error) else str(error)
        said = json.load(answer["Payload"])
        if "FunctionError" in answer:
            return f"error {said}"
        return Content(**json.loads(said["body"]))

    def alias(self, name: str) -> Any:
        """An alias as AWS has it; ``None`` if there is none."""
        return read("get_alias", FunctionName=self.name, Name=name)

    def configuration(self, qualifier: str = "$LATEST") -> Any:
        """A configuration as AWS has it; ``None`` if there is none."""
        return read("get_function_configuration", FunctionName=self.name, Qualifier=qualifier)

    def set_by_hand(self) -> bool:
        """Set an environment variable as somebody at the console does; whether that was done."""
        for _ in range(100):
            now = self.configuration()
            if now is None:
                return False
            variables = {**now.get("Environment", {}).get("Variables", {}), "BY_HAND": "set"}
            try:
                self.aws.update_function_configuration(
                    FunctionName=self.name, Environment={"Variables": variables}
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceConflictException":
                    raise
                time.sleep(0.02)  # an update is in progress
            else:
                return True
        return False

    def has_been_set_by_hand(self) -> bool:
        """Whether that is still so."""
        now = self.configuration() or {}
        return "BY_HAND" in now.get("Environment", {}).get("Variables", {})

    def there(self) -> dict[str, Any]:
        """What there is of it besides code: aliases, URLs, who may call them, tags."""
        if self.configuration() is None:
            return {}
        name = {"FunctionName": self.name}
        aliases = {each["Name"]: each for each in self.aws.list_aliases(**name)["Aliases"]}
        found = {"tags": self._tags(), "aliases": sorted(aliases), "urls": [], "permissions": []}
        for alias in aliases:
            qualified = {**name, "Qualifier": alias}
            if read("get_function_url_config", **qualified):
                found["urls"].append(alias)
            policy = read("get_policy", **qualified)
            for each in json.loads(policy["Policy"])["Statement"] if policy else []:
                found["permissions"].append(f"{alias}: {each['Sid']}")
        return {key: sorted(value) for key, value in found.items()}

    def _tags(self) -> list[str]:
        arn = self.configuration()["FunctionArn"].removesuffix(":$LATEST")
        found = self.aws.list_tags(Resource=arn)["Tags"]
        return [key for key in found if not key.startswith(("aws:", "lambda:"))]  # of a stack

    def settle(self) -> None:
        """Wait until a change is through."""
        while self.configuration().get("LastUpdateStatus") == "InProgress":
            time.sleep(0.01)

    def remove(self) -> None:
        """Delete it, and its layer."""
        read("delete_function", FunctionName=self.name)
        listed = self.aws.list_layer_versions(LayerName=self.name)["LayerVersions"]
        for version in listed:
            self.aws.delete_layer_version(LayerName=self.name, VersionNumber=version["Version"])


class Beginnings:
    """Functions as the engine has left them: deployed once, and copied for each schedule.

    What the engine says in descriptions and tags is copied with them.
    """

    def __init__(self, folder: Path, deploy: Callable[[Path], None]) -> None:
        self._folder = folder
        self._deploy = deploy
        self._lock = threading.Lock()

    def copy(self, name: str, *, layer: bool, aliases: bool) -> Function:
        """A function that serves release two, after release one."""
        with self._lock:
            made = self._made(layer)
        function, settings = Function(name), made["settings"]
        if layer:
            settings = {
                **settings,
                "Layers": [_publish(name, each) for each in made["layers"]][-1:],
            }
        for number, version in enumerate(made["versions"]):
            code = {"ZipFile": version["zip"]}
            if number:
                function.aws.update_function_code(FunctionName=name, **code)
            else:
                function.aws.create_function(
                    FunctionName=name, Code=code, Tags=made["tags"], **settings
                )
            function.settle()
            function.aws.publish_version(FunctionName=name, Description=version["says"])
        for alias in ["live", *(["beta"] if aliases else [])]:
            function.aws.create_alias(
                FunctionName=name, Name=alias, FunctionVersion="2", Description=made["alias"]
            )
        return function

    def of_stack(self, name: str) -> Function:
        """A function of a stack that serves release two, after release one."""
        project = Project(self._folder / name / "beginning", name, "live", is_stack=True)
        for content in (BEFORE, BASE):
            project.write(content.release)
            self._deploy(project.root)
        return Function(name)

    @functools.cache  # noqa: B019
    def _made(self, layer: bool) -> dict[str, Any]:
        """Deploy the two releases, and read what there is then."""
        name = f"beginning-{'with' if layer else 'without'}-layer"
        root, function = self._folder / name, Function(name)
        for content, requirement in ((BEFORE, OLD), (BASE, NEW)):
            project = Project(root, name, "live", requirement if layer else "")
            project.write(content.release, more=f"environment: {{SETTING: {content.setting}}}")
            self._deploy(root)
        versions = []
        for number in ("1", "2"):
            found = function.aws.get_function(FunctionName=name, Qualifier=number)
            says = found["Configuration"]["Description"]
            versions.append({"zip": _download(found["Code"]["Location"]), "says": says})
        listed = function.aws.list_layer_versions(LayerName=name) if layer else {}
        layers = []
        for each in reversed(listed.get("LayerVersions", [])):
            whole = function.aws.get_layer_version(LayerName=name, VersionNumber=each["Version"])
            zipped = _download(whole["Content"]["Location"])
            layers.append({"says": each["Description"], "zip": zipped})
        now = function.configuration()
        arn = now["FunctionArn"].removesuffix(":$LATEST")
        return {
            "settings": {key: now[key] for key in _SETTINGS},
            "tags": function.aws.list_tags(Resource=arn)["Tags"],
            "versions": versions,
            "alias": function.alias("live")["Description"],
            "layers": layers,
        }


def _publish(name: str, layer: dict[str, Any]) -> str:
    made = _api().publish_layer_version(
        LayerName=name,
        Description=layer["says"],
        Content={"ZipFile": layer["zip"]},
        CompatibleRuntimes=["python3.11"],
        CompatibleArchitectures=["x86_64"],
    )
    return str(made["LayerVersionArn"])


def _download(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:
        return bytes(answer.read())
