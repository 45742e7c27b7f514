"""Generators: what is valid, with something in it that is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st


class Raw(str):
    """YAML that is written as it is."""


_LAUGHS = ", ".join(
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)),
    ]
)
_CHAIN = ", ".join(["&c0 [x]", *(f"&c{n} [*c{n - 1}]" for n in range(1, 300))])
_HYDRA = "&h0 [*h0, &h1 [*h0, *h1, &h2 [*h0, *h1, *h2]]]"
RAW = tuple(
    map(
        Raw,
        [
            *(".nan", ".inf", "-.inf", "-0", "0x", "0o8", "1:2:3", "1e400", "1e-400", "=", "~", ""),
            *("9" * 5000, "0x" + "f" * 5000, "9" * 400 + " MB", "9" * 400 + "s", "9" * 400 + "%"),
            *("!!bool x", "!!timestamp x", '!!int ""', '!!float ""', '!!binary "é"', "!!null x"),
            *("!!seq x", "!!map x", "!!set {a, b}", "!!omap [a]", "!!pairs [a]", "! x", "!<> x"),
            *('!!python/object/apply:os.system ["touch pwned"]', "!Sub '${a}'", "!Ref [a]"),
            *("&a [*a]", "&a {b: *a}", "*nowhere", "&a &b c", f"{{{_LAUGHS}}}", f"[{_CHAIN}]"),
            *(_HYDRA, f"{{x: {_HYDRA}, <<: *h0}}", "[" * 50 + "]" * 50, "[" * 3000, "{a: " * 3000),
            *("[" * 3000 + "]" * 3000, "{<<: 3}", "{<<: [{a: 1}, 3]}", "{<<: &a {<<: *a}}"),
            *("{a: 1, a: 2}", "{? [a] : b}", "{? {a: b} : c}", "{&a a: b, *a : c}", "{[a]: b}"),
            *("{!!merge x: y}", "{!!merge {a: b}: {c: d}}", '"\\0"', '"\\x1b[31m"', '"\\u202e"'),
            *('"\\ud800"', '"\\U0010ffff"', '"\\u2028"', '"\\\n"', "'it''s'", "'open", '"open'),
            *("2020-99-99", "2001-12-14t21:59:43.10-05:00", "0777", "1_000", "yes", "NO", "0b1"),
            *("${UNSET}", "${ROLE}", "${PASSWORD}", "${EMPTY}", "${ODD}", "'${ROLE}${UNSET}'"),
            *("\x00", "\x07", "\t", "\r", "\ufeff", "\x85", "%TAG ! x", "---", "...", "--- a\n---"),
        ],
    )
)
TEXTS = (
    *("", " ", "\n", "\0", "a" * 300, "a" * 5000, "a/" * 3000, "../" * 50, "src\0", "~root", "."),
    *("src/app.py", "Dockerfile.lambda", "requirements.txt", "package-lock.json", "package.json"),
    *("::error::x", "\r\n::set-output name=a::b", "##[error]x", "![x](http://e)", "<img src=x>"),
    *("[x](javascript:y)", "| a | b |", "```", "\x1b[2J", "\u202e", "\udcff", "💥" * 70, "-rf"),
    *("--help", "$(touch pwned)", "; touch pwned", "%s%n", "{key}", "/{key}", "${{ x }}", "a.b.c"),
    *("from-code", "rest", "$LATEST", "live", "public", "python3.13", "nodejs22.x", "arm64"),
    *("previous", "true", "false", "100%", "30s", "100 MB", "app.handler", "s3://b/k", "http://["),
)
LEAVES: st.SearchStrategy[Any] = (
    st.sampled_from(RAW)
    | st.sampled_from(TEXTS)
    | st.text(max_size=20)
    | st.integers()
    | st.sampled_from([None, True, False, 0, -1, 1.5, 2**63, 10**400])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(TEXTS) | st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)

ZIP: dict[str, Any] = {
    "regions": ["eu-west-1", "us-east-1"],
    "builder": "mine",
    "artifacts": {"bucket": "zips-{region}", "create": True},
    "layers": {
        "deps": {
            "requirements": "requirements.txt",
            "runtime": "python3.13",
            "architecture": "arm64",
            "split": {"core": ["idna"], "others": "rest"},
            "prune": "safe",
            "remove": ["*.txt"],
            "keep": ["a"],
            "services": ["s3", "from-code"],
            "bytecode": "only",
            "budget": "10 MB",
        },
        "node": {"requirements": "package-lock.json", "runtime": "nodejs22.x"},
    },
    "functions": {
        "orders": {
            "zip": {
                "code": "src",
                "handler": "app.handler",
                "runtime": "python3.13",
                "layers": ["deps"],
            },
            "architecture": "arm64",
            "role": "${ROLE}",
            "alias": "live",
            "memory": 256,
            "timeout": 10,
            "storage": 512,
            "description": "of orders",
            "environment": {"PASSWORD": "${PASSWORD}", "MODE": "a"},
            "vpc": {"subnets": ["subnet-1"], "security-groups": ["sg-1"]},
            "tracing": "active",
            "logging": {"format": "json", "level": "info", "system-level": "warn", "group": "/a"},
            "tags": {"team": "shop"},
            "url": "iam",
            "tests": ["health", "event", "storage", "smoke", "outside"],
            "canary": {"weight": "10%", "for": "5m", "alarms": ["a"], "max-error-rate": "1%"},
            "keep": 10,
        }
    },
    "tests": {
        "health": {
            "http": "/health",
            "method": "POST",
            "headers": {"authorization": "Bearer ${PASSWORD}"},
            "body": "x",
            "status": 201,
            "json": {"status": "ok", "a.b": [1]},
            "faster-than": "500ms",
            "within": "5s",
        },
        "event": {"invoke": {"a": [1, {"b": None}]}, "json": {"c": 1}},
        "storage": {"s3": {"bucket": "files", "path": "/o/{key}", "prefix": "p/"}},
        "smoke": {"command": ["true"], "when": [{"branch": "main", "path": ["src/*"]}]},
        "outside": {"http": "https://api.example.com/", "auth": "iam", "when": {"flag": "x"}},
    },
    "budgets": {"code": "1 MB", "layer": "10 MB", "total": "250 MB", "cold-start": "2s"},
}
IMAGE: dict[str, Any] = {
    "bases": {
        "main": {
            "dockerfile": "Dockerfile.lambda.base",
            "context": ".",
            "repository": "main-base",
            "tag": 3.13,
            "build-args": {"A": "b"},
            "build-secrets": {"npm": "PASSWORD"},
            "upstream": "ignore",
        }
    },
    "functions": {
        "api": {
            "image": {
                "dockerfile": "Dockerfile.lambda",
                "context": ".",
                "repository": "team/api",
                "base": "main",
                "compression": "zstd",
                "build-args": {"A": "b"},
                "build-secrets": {"npm": "PASSWORD"},
            },
            "alias": "$LATEST",
        }
    },
}
STACK: dict[str, Any] = {
    "stack": {
        "template": "template.yaml",
        "name": "shop",
        "parameters": {"Stage": "prod"},
        "capabilities": ["CAPABILITY_IAM"],
        "tags": {"team": "shop"},
        "tests": {"Orders": ["health"]},
        "may-replace": ["Cache"],
        "alarms": {"errors": 0, "throttles": 0, "duration": "80%", "notify": "arn:aws:sns:x"},
        "log-retention": 30,
    },
    "artifacts": {"bucket": "zips"},
    "tests": {"health": {"http": "/health"}},
}
TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Globals": {"Function": {"Runtime": "python3.13", "Timeout": 5, "CodeUri": "src"}},
    "Parameters": {
        "Stage": {"Type": "String", "Default": "prod"},
        "Password": {"Type": "String", "NoEcho": True, "Default": "x"},
    },
    "Mappings": {"M": {"a": {"b": "src"}}},
    "Resources": {
        "Orders": {
            "Type": "AWS::Serverless::Function",
            "Condition": "C",
            "Metadata": {"BuildMethod": "python3.13"},
            "Properties": {
                "CodeUri": {"Fn::FindInMap": ["M", "a", "b"]},
                "Handler": "app.handler",
                "Architectures": ["arm64"],
                "Timeout": {"Ref": "Stage"},
                "LoggingConfig": {"LogFormat": "JSON"},
            },
        },
        "Image": {
            "Type": "AWS::Serverless::Function",
            "Metadata": {
                "Dockerfile": "Dockerfile.lambda",
                "DockerContext": ".",
                "DockerBuildArgs": {"A": "b"},
            },
            "Properties": {"PackageType": "Image"},
        },
        "Layer": {
            "Type": "AWS::Serverless::LayerVersion",
            "Metadata": {"BuildMethod": "python3.13", "BuildArchitecture": "arm64"},
            "Properties": {"ContentUri": "src", "CompatibleArchitectures": ["arm64"]},
        },
        "Api": {"Type": "AWS::Serverless::Api", "Properties": {"DefinitionUri": "template.yaml"}},
        "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x"}},
    },
}
SAMCONFIG: dict[str, Any] = {
    "version": 0.1,
    "default": {
        "global": {"parameters": {"stack_name": "shop", "region": "eu-west-1"}},
        "deploy": {
            "parameters": {
                "s3_bucket": "zips",
                "resolve_s3": True,
                "parameter_overrides": 'Stage=prod Name="a b"',
                "capabilities": "CAPABILITY_IAM",
                "tags": ["team=shop"],
            }
        },
    },
}
EVENT: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": "a" * 40,
    "head_commit": {"id": "b" * 40, "message": "change [test-s3]"},
    "pull_request": {"head": {"sha": "c" * 40, "ref": "x"}, "base": {"sha": "d" * 40}},
    "merge_group": {"head_sha": "e" * 40, "head_commit": {"message": "x"}},
}


def ways(value: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
    if way:
        yield way
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from ways(value[key], *way, key)


@st.composite
def spoiled(draw: st.DrawFn, *valid: dict[str, Any]) -> Any:
    """A valid document with one to three changes, anywhere in it."""
    document = json.loads(json.dumps(draw(st.sampled_from(valid))))
    for _ in range(draw(st.integers(1, 3))):
        places = list(ways(document))
        if not places:
            return document
        *way, key = draw(st.sampled_from(places))
        holder = document
        for each in way:
            holder = holder[each]
        change = draw(st.sampled_from(["put", "put", "put", "drop", "add", "name"]))
        if change == "put":
            holder[key] = draw(VALUES)
        elif change == "drop":
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(0, draw(VALUES))
        elif change == "add":
            holder[draw(st.sampled_from(TEXTS + RAW))] = draw(VALUES)
        else:
            holder[draw(st.sampled_from(TEXTS))] = holder.pop(key)
    return document


def as_yaml(value: Any, depth: int = 1) -> str:
    """YAML in flow style, a line for each value; what is ``Raw`` goes as it is."""
    indent = "\n" + "  " * depth
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        inner = (f"{as_yaml(key)}: {as_yaml(each, depth + 1)}" for key, each in value.items())
        return "{" + ",".join(f"{indent}{each}" for each in inner) + f"{indent}}}"
    if isinstance(value, list):
        return "[" + ",".join(f"{indent}{as_yaml(each, depth + 1)}" for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def as_toml(value: Any) -> str:
    """TOML, in inline tables, below keys that may come twice."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {as_toml(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return '""' if value is None else json.dumps(value, ensure_ascii=False)
