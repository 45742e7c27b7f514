"""Projects with templates of chance: the forms in which teams write functions and their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

SAM = "AWS::Serverless-2016-10-31"
HANDLER = "def handler(event, context):\n    return {}\n"
NODE_HANDLER = "exports.handler = async () => ({});\n"
OPENAPI = {"openapi": "3.0.1", "info": {"title": "api", "version": "1"}, "paths": {}}
MACHINE = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}


@dataclass
class SeededProject:
    """A project in a folder.

    ``body`` is its template, and ``local`` has every path of keys in it whose value is packaged.
    """

    folder: Path
    random: Random
    body: dict[str, Any] = field(default_factory=dict)
    local: set[tuple[str, ...]] = field(default_factory=set)

    def write(self, name: str, text: str) -> str:
        """Write a file; returns its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def resource(self, logical: str, kind: str, *local: str, **properties: Any) -> None:
        """Add a resource, with the names of its properties that are packaged."""
        self.body["Resources"][logical] = {"Type": kind, "Properties": properties}
        self.local |= {("Resources", logical, "Properties", each) for each in local}

    @property
    def template(self) -> Path:
        """The path of the template."""
        return self.folder / "template.json"


def seeded(seed: int, folder: Path) -> SeededProject:
    """The project of a seed."""
    random = Random(seed)
    project = SeededProject(folder, random)
    folder.mkdir(parents=True, exist_ok=True)
    project.body = {
        "Transform": SAM,
        "Parameters": {
            "Folder": {"Type": "String", "Default": "shared"},
            "Stage": {"Type": "String", "Default": "prod"},
        },
        "Mappings": {"Folders": {"prod": {"code": "mapped"}}},
        "Resources": {},
    }
    for number in range(random.randint(1, 4)):
        random.choice(_FUNCTIONS)(project, f"F{number}")
    for number, form in enumerate(random.sample(_OTHERS, random.randint(0, 3))):
        form(project, f"R{number}")
    if random.random() < 0.3:
        project.body["Outputs"] = {"First": {"Value": {"Ref": "F0"}}}
    project.template.write_text(json.dumps(project.body, indent=1))
    return project


# ------------------------------------------------------------ functions


def _python(project: SeededProject, logical: str, folder: str, code: Any) -> None:
    handler = project.random.choice(("app.handler", "web/main.handler", "web.main.handler"))
    module = handler.replace("web.main", "web/main").rpartition(".")[0]
    project.write(f"{folder}/{module}.py", HANDLER)
    if project.random.random() < 0.3:
        project.write(f"{folder}/data/notes.txt", f"of {logical}\n")
    runtime = {"Runtime": "python3.11", "Handler": handler}
    project.resource(logical, "AWS::Serverless::Function", "CodeUri", CodeUri=code, **runtime)


def _folder(project: SeededProject, logical: str) -> None:
    folder = f"src/{logical.lower()}"
    _python(project, logical, folder, project.random.choice((folder, f"./{folder}/")))


def _of_parameter(project: SeededProject, logical: str) -> None:
    _python(project, logical, "shared", {"Ref": "Folder"})


def _of_mapping(project: SeededProject, logical: str) -> None:
    lookup = {"Fn::FindInMap": ["Folders", {"Ref": "Stage"}, "code"]}
    _python(project, logical, "mapped", lookup)


def _here(project: SeededProject, logical: str) -> None:
    project.write("here/app.py", HANDLER)
    runtime = {"Runtime": "python3.11", "Handler": "here/app.handler"}
    project.resource(logical, "AWS::Serverless::Function", **runtime)
    project.local.add(("Resources", logical, "Properties", "CodeUri"))


def _skipped(project: SeededProject, logical: str) -> None:
    _folder(project, logical)
    project.write(f"src/{logical.lower()}/requirements.txt", "no-such-package==1\n")
    project.body["Resources"][logical]["Metadata"] = {"SkipBuild": True}


def _inline(project: SeededProject, logical: str) -> None:
    runtime = {"Runtime": "python3.11", "Handler": "index.handler"}
    project.resource(logical, "AWS::Serverless::Function", InlineCode=HANDLER, **runtime)


def _node(project: SeededProject, logical: str) -> None:
    folder = f"web/{logical.lower()}"
    project.write(f"{folder}/app.js", NODE_HANDLER)
    project.write(f"{folder}/package.json", '{"name": "web", "version": "1.0.0"}')
    runtime = {"Runtime": "nodejs20.x", "Handler": "app.handler"}
    project.resource(logical, "AWS::Serverless::Function", "CodeUri", CodeUri=folder, **runtime)


def _plain(project: SeededProject, logical: str) -> None:
    folder = f"plain/{logical.lower()}"
    project.write(f"{folder}/app.py", HANDLER)
    role = "arn:aws:iam::123456789012:role/lambda"
    runtime = {"Runtime": "python3.11", "Handler": "app.handler", "Role": role}
    project.resource(logical, "AWS::Lambda::Function", "Code", Code=folder, **runtime)


# ------------------------------------------------------------ other resources


def _layer(project: SeededProject, logical: str) -> None:
    project.write("layer/python/helper.py", "ANSWER = 42\n")
    kind = "AWS::Serverless::LayerVersion"
    project.resource(logical, kind, "ContentUri", ContentUri="layer")


def _api(project: SeededProject, logical: str) -> None:
    project.write("api.json", json.dumps(OPENAPI))
    kind, more = project.random.choice(
        (("AWS::Serverless::Api", {"StageName": "prod"}), ("AWS::Serverless::HttpApi", {}))
    )
    project.resource(logical, kind, "DefinitionUri", DefinitionUri="api.json", **more)


def _machine(project: SeededProject, logical: str) -> None:
    project.write("machine.asl.json", json.dumps(MACHINE))
    kind = "AWS::Serverless::StateMachine"
    project.resource(logical, kind, "DefinitionUri", DefinitionUri="machine.asl.json")


def _include(project: SeededProject, logical: str) -> None:
    project.write("included.json", json.dumps(OPENAPI))
    include = {"Name": "AWS::Include", "Parameters": {"Location": "included.json"}}
    definition = {"Fn::Transform": include}
    project.resource(logical, "AWS::Serverless::HttpApi", DefinitionBody=definition)
    keys = ("DefinitionBody", "Fn::Transform", "Parameters", "Location")
    project.local.add(("Resources", logical, "Properties", *keys))


def _schema(project: SeededProject, logical: str) -> None:
    project.write("schema.graphql", "type Query { get: String }\n")
    where = {"ApiId": "abc", "DefinitionS3Location": "schema.graphql"}
    project.resource(logical, "AWS::AppSync::GraphQLSchema", "DefinitionS3Location", **where)


def _job(project: SeededProject, logical: str) -> None:
    project.write("job.py", "print(1)\n")
    command = {"Name": "glueetl", "ScriptLocation": "job.py"}
    project.resource(logical, "AWS::Glue::Job", Role="glue", Command=command)
    project.local.add(("Resources", logical, "Properties", "Command", "ScriptLocation"))


def _nested(project: SeededProject, logical: str) -> None:
    function = {"CodeUri": "code", "Runtime": "python3.11", "Handler": "app.handler"}
    inner = {"Inner": {"Type": "AWS::Serverless::Function", "Properties": function}}
    project.write("nested/template.json", json.dumps({"Transform": SAM, "Resources": inner}))
    project.write("nested/code/app.py", HANDLER)
    where = "nested/template.json"
    if project.random.random() < 0.5:
        project.resource(logical, "AWS::Serverless::Application", "Location", Location=where)
    else:
        project.resource(logical, "AWS::CloudFormation::Stack", "TemplateURL", TemplateURL=where)


_FUNCTIONS: tuple[Callable[[SeededProject, str], None], ...] = (
    *(_folder, _of_parameter, _of_mapping, _here, _skipped, _inline, _node, _plain),
)
_OTHERS: tuple[Callable[[SeededProject, str], None], ...] = (
    *(_layer, _api, _machine, _include, _schema, _job, _nested),
)
