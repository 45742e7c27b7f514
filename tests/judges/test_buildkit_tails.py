"""BuildKit judges replaced images: the same files and attributes as its own build of the tree."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.images.recipe import ImageRecipe, of_image
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer
from lambda_fast_deploy.packaging.images.replaced_image import replaced_image
from lambda_fast_deploy.planning.replacements import replacement_of
from tests.judges import tails
from tests.judges.oci import OciImage, build, differences, with_blobs
from tests.unit import make

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]


def recipe_of(root: Path) -> ImageRecipe:
    """The recipe of a folder with a Dockerfile."""
    source = make.image_source(dockerfile=root / "Dockerfile", context=root, base=None)
    return of_image(make.image_request(source))


def replaced(donor: OciImage, recipe: ImageRecipe) -> OciImage:
    """The image that is made of a donor, as in a registry."""
    if recipe.tail.obstacle:
        raise UncertainLayer(recipe.tail.obstacle)
    replacement = replacement_of(recipe, donor.manifest, donor.read)
    with tempfile.TemporaryDirectory() as folder:
        image = replaced_image(replacement, recipe.source.context, Path(folder))
        return with_blobs(donor, image.manifest, image.blobs)


def write(root: Path, tail: str) -> None:
    """Write a Dockerfile with this tail."""
    text = f"FROM scratch AS other\nCOPY stem/etc /etc\n{tails.STEM}{tail}\n"
    (root / "Dockerfile").write_text(text)


def judged(root: Path, tail: str, compression: str, before: str = "") -> str:
    """What is wrong with the replacement of a tail, or ``built: `` and the reason.

    The tail of the donor is ``before``, or the same.
    """
    tails.fill(root)
    write(root, before or tail)
    donor = build(root, compression)
    stem = recipe_of(root).stem
    tails.change(root)
    write(root, tail)
    rebuilt = build(root, compression)
    recipe = recipe_of(root)
    if isinstance(donor, str) or isinstance(rebuilt, str):
        return f"BuildKit: {donor if isinstance(donor, str) else rebuilt}"
    try:
        image = replaced(donor, recipe)
    except UncertainLayer as error:
        return f"built: {error}"
    wrong = differences(image.files, rebuilt.files)
    wrong += [] if image.run == rebuilt.run else [f"{image.run} and {rebuilt.run}"]
    wrong += [] if image.history == rebuilt.history else ["other history"]
    wrong += [] if stem == recipe.stem else ["another stem"]
    again = replaced(image, recipe)
    wrong += [] if again.manifest == image.manifest else ["another digest when it is made again"]
    return "\n".join(wrong)


def test_replaced_images_with_other_tails_equal_builds(tmp_path: Path, told: list[str]) -> None:
    names = [*tails.RESET]

    def judge(number: int) -> str:
        before, after = (f"WORKDIR /\n{tail}" for tail in tails.RESET[names[number]])
        return judged(tmp_path / str(number), after, ("gzip", "zstd")[number % 2], before)

    with ThreadPoolExecutor(3) as pool:
        wrong = dict(zip(names, pool.map(judge, range(len(names))), strict=True))
    told.append(f"BuildKit as judge of replaced images: {len(names)} changes of a Dockerfile")
    assert not any(wrong.values()), "\n".join(f"{name}: {words}" for name, words in wrong.items())


@pytest.mark.parametrize("name", tails.OTHER_STEM)
def test_changes_of_a_tail_that_need_a_builder(tmp_path: Path, name: str) -> None:
    tails.fill(tmp_path)
    stems = set()
    for tail in tails.OTHER_STEM[name]:
        write(tmp_path, f"WORKDIR /\n{tail}")
        stems.add(recipe_of(tmp_path).stem)
    assert len(stems) == 2


def test_replaced_images_equal_builds(tmp_path: Path, thorough: bool, told: list[str]) -> None:
    cases = [*tails.REPLACED.items(), *((name, tail) for name, (tail, _) in tails.BUILT.items())]
    cases = cases if thorough else cases[::6]

    def judge(number: int) -> str:
        compression = ("gzip", "zstd")[number % 2]
        return judged(tmp_path / str(number), cases[number][1], compression)

    with ThreadPoolExecutor(3) as pool:
        found = dict(
            zip((name for name, _ in cases), pool.map(judge, range(len(cases))), strict=True)
        )
    wrong = {
        name: words
        for name, words in found.items()
        if (name in tails.REPLACED and words)
        or (
            name in tails.BUILT
            and not (words.startswith("built: ") and tails.BUILT[name][1] in words)
        )
    }
    told.append(f"BuildKit as judge of replaced images: {len(found)} Dockerfiles")
    assert not wrong, "\n".join(f"{name}: {words}" for name, words in wrong.items())
