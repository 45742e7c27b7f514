"""The environment variables that a function can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_fast_deploy.schema.shapes import MapOf, OrNull, TextShape

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

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
