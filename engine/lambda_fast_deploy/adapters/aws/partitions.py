"""The partitions of AWS, with their regions and domains, as the installed botocore knows them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from botocore.loaders import create_loader

_ECR = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: its name in ARNs, and the domain of its services."""

    name: str
    domain: str

    @property
    def audience(self) -> str:
        """The audience of GitHub's tokens (README of aws-actions/configure-aws-credentials)."""
        return "sts.amazonaws.com.cn" if self.name == "aws-cn" else "sts.amazonaws.com"


@functools.cache
def partition_of(region: str) -> Partition:
    """The partition of a region; ``aws`` for an unknown region."""
    partitions = create_loader().load_data("partitions")["partitions"]
    partition = (each for each in partitions if re.match(each["regionRegex"], region))
    outputs = next(partition, partitions[0])["outputs"]
    return Partition(outputs["name"], outputs["dnsSuffix"])


def registry_of_ecr(host: str) -> tuple[str, str] | None:
    """The account and region of an ECR registry; ``None`` for other hosts."""
    match = _ECR.fullmatch(host)
    if not match or match[3] != partition_of(match[2]).domain:
        return None
    return match[1], match[2]
