"""How large everything would be, made on this machine and sent nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_fast_deploy.fingerprints.archive import code_archive
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.models import Settings, ZipSource
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.layers.layer_build import build_layer


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of one thing in bytes; ``limit`` is of the unzipped one, a budget or Lambda's."""

    what: str
    zipped: int
    unzipped: int
    limit: int
    packages: tuple[tuple[str, int], ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether it is over its limit."""
        return self.unzipped > self.limit


def sizes(settings: Settings) -> list[Size]:
    """The size of each layer, of each function's code, and of both together.

    Raises:
        BuildFailed: a layer cannot be made.
    """
    budgets = settings.budgets
    largest = UNZIPPED_LIMIT if settings.artifacts else DIRECT_LIMIT
    found: dict[str, Size] = {}
    for layer in settings.layers.values():
        limit = layer.budget or budgets.layer or UNZIPPED_LIMIT
        for name, part in build_layer(layer, largest=largest).parts.items():
            made, packages = part.archive, tuple(part.sizes.items())
            found[name] = Size(f"layer {name}", made.size, made.unzipped, limit, packages)
    listed = list(found.values())
    for function in settings.functions:
        source = function.source
        if isinstance(source, ZipSource):
            code = code_archive(source.code, code_files(source.code))
            limit = budgets.code or UNZIPPED_LIMIT
            listed.append(Size(f"code of {function.name}", code.size, code.unzipped, limit))
            total = code.unzipped + sum(found[name].unzipped for name in source.layers)
            zipped = code.size + sum(found[name].zipped for name in source.layers)
            what = f"{function.name} with its layers"
            listed.append(Size(what, zipped, total, budgets.total or UNZIPPED_LIMIT))
    return listed
