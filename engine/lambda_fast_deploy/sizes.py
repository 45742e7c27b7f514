"""The sizes of layers and code, built on this machine and not uploaded."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_fast_deploy.fingerprints.code import zip_of_code
from lambda_fast_deploy.models import Settings, ZipSource
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from lambda_fast_deploy.packaging.packages_in_code import with_packages


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes in bytes; ``limit`` is a budget, or Lambda's limit, of the unzipped size."""

    what: str
    zipped: int
    unzipped: int
    limit: int
    packages: tuple[tuple[str, int], ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the unzipped size is over the limit."""
        return self.unzipped > self.limit


def sizes(settings: Settings) -> list[Size]:
    """The size of each layer, of each function's code, and of both together.

    Raises:
        BuildFailed: a layer cannot be built.
    """
    budgets = settings.budgets
    largest = UNZIPPED_LIMIT if settings.artifacts else DIRECT_LIMIT
    layers: dict[str, Size] = {}
    for layer in settings.layers.values():
        limit = layer.budget or budgets.layer or UNZIPPED_LIMIT
        for name, part in build_layer(layer, largest=largest).parts.items():
            archive, packages = part.archive, tuple(part.sizes.items())
            layers[name] = Size(f"layer {name}", archive.size, archive.unzipped, limit, packages)
    results = list(layers.values())
    for function in settings.functions:
        source = function.source
        if isinstance(source, ZipSource):
            code = zip_of_code(source)
            if source.packages:
                built = build_layer(source.packages, largest=largest)
                code = with_packages(built.parts[source.packages.name].archive.content, code)
            limit = budgets.code or UNZIPPED_LIMIT
            results.append(Size(f"code of {function.name}", code.size, code.unzipped, limit))
            own = [layers[name] for name in source.layers if name in layers]
            total = code.unzipped + sum(layer.unzipped for layer in own)
            zipped = code.size + sum(layer.zipped for layer in own)
            without = ", except those named by an ARN" if source.layers_by_arn else ""
            what = f"{function.name} with its layers{without}"
            results.append(Size(what, zipped, total, budgets.total or UNZIPPED_LIMIT))
    return results
