"""The environment variables that a function can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lambda_fast_deploy.schema.shapes import MapOf, OrNull, TextShape

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument
    from lambda_fast_deploy.schema.yaml_lines import YamlNode

# Lambda developer guide, "Defined runtime environment variables": reserved names, except those
# that begin with an underscore, which the API refuses for any name.
RESERVED = frozenset(
    """
    AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR
    """.split()
)
ENVIRONMENT = MapOf(
    OrNull(TextShape(".*")),
    r"[a-zA-Z][a-zA-Z0-9_]+",  # Lambda API, EnvironmentVariableName
    "a variable name (at least two letters, digits or _, a letter first)",
)


def check_variables(checked: ValidatedDocument) -> None:
    """Report variables that Lambda reserves, also of functions with other problems."""
    for name, value in checked.values.get("functions", {}).items():
        for variable in sorted(RESERVED & value.get("environment", {}).keys()):
            says = f"{variable} is reserved by Lambda and cannot be set"
            checked.problem(says, "functions", name, "environment", variable)


def empty_values(document: YamlNode) -> Iterator[str]:
    """Notes about variables and parameters whose value should come from elsewhere, and is empty.

    A value that the file itself leaves empty, or whose default is empty, is intended.
    """
    functions = document.entries("functions")
    sections = [(("functions", name, "environment"), f" of {name}") for name in functions]
    for path, owner in (*sections, (("stack", "parameters"), " of the stack")):
        for name, node in document.entries(*path).items():
            is_inserted = node.names or not node.place.line  # by ${NAME}, or by an input
            if is_inserted and not (node.text or node.has_default):
                yield (
                    f"{node.place}: {name}{owner} is empty. GitHub inserts an empty text for a "
                    "secret or a variable that does not exist: check its name."
                )
