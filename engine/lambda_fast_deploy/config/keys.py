"""The grammar of lambda-deploy.yml; the module of each section has its keys and its reader."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.config.sections.budgets import BUDGETS
from lambda_fast_deploy.config.sections.functions import FUNCTION
from lambda_fast_deploy.config.sections.images import BASE
from lambda_fast_deploy.config.sections.layers import LAYER, LAYER_NAME
from lambda_fast_deploy.config.sections.shared import BUCKET, NAME
from lambda_fast_deploy.config.sections.stack import STACK
from lambda_fast_deploy.config.test_keys import TEST
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, ListOf, MapOf, TextShape
from lambda_fast_deploy.schema.shared_keys import OWNER

FILE = "lambda-deploy.yml"

ARTIFACTS = RecordShape(
    {
        "bucket": Key(
            BUCKET,
            "bucket in the function's region; {region} is replaced by the region",
            required=True,
        ),
        "create": Key(
            ChoiceShape(("true", "false")), "create the bucket if it is absent", default="false"
        ),
        "owner": OWNER,
    }
)

ROOT = RecordShape(
    {
        "regions": Key(
            ListOf(TextShape(expected="a region")),
            "regions to deploy to",
            otherwise="the region input",
        ),
        "builder": Key(
            TextShape(r"[A-Za-z0-9_.-]+", "the name of a builder"),
            "buildx builder for images (remote, Kubernetes, …)",
            otherwise="the best running one",
        ),
        "artifacts": Key(
            ARTIFACTS,
            "bucket for zips over 50 MB, and for the artifacts of a stack",
        ),
        "bases": Key(MapOf(BASE, NAME, "a base's name"), "base images"),
        "layers": Key(MapOf(LAYER, LAYER_NAME, "a layer's name"), "dependency layers"),
        "functions": Key(
            MapOf(
                FUNCTION,
                NAME,
                "a function name (letters, digits, - and _, at most 64)",
                takes_variables=True,
            ),
            "functions",
        ),
        "stack": Key(STACK, "functions of a SAM or CloudFormation template"),
        "tests": Key(MapOf(TEST, NAME, "a test's name"), "tests that functions refer to by name"),
        "budgets": Key(
            BUDGETS,
            "limits of sizes, checked before an upload, and of the cold start",
        ),
    },
    one_of=("functions", "stack"),
)

# The paths of names of resources, and of mappings whose keys are such names with variables.
NAMES_WITH_VARIABLES = (
    ("stack", "name"),
    *(
        (name,)
        for name, key in ROOT.keys.items()
        if isinstance(key.shape, MapOf) and key.shape.takes_variables
    ),
)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of lambda-deploy.yml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE,
        **ROOT.json_schema(),
    }
