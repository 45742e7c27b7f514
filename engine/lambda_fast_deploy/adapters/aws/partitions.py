"""The partitions of AWS, with their regions and domains, as the installed botocore knows them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from botocore.loaders import create_loader

_ECR = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: its name in ARNs, and the domain that its services have addresses in."""

    name: str
    domain: str

    @property
    def audience(self) -> str:
        """Whom GitHub's tokens are for (README of aws-actions/configure-aws-credentials)."""
        return "sts.amazonaws.com.cn" if self.name == "aws-cn" else "sts.amazonaws.com"


@functools.cache
def partition_of(region: str) -> Partition:
    """The partition that a region is in; one that nobody knows yet is taken for one of ``aws``."""
    known = create_loader().load_data("partitions")["partitions"]
    found = (each for each in known if re.match(each["regionRegex"], region))
    outputs = next(found, known[0])["outputs"]
    return Partition(outputs["name"], outputs["dnsSuffix"])


def registry_of_ecr(host: str) -> tuple[str, str] | None:
    """The account and the region of a registry of ECR; ``None`` for other hosts."""
    match = _ECR.fullmatch(host)
    if not match or match[3] != partition_of(match[2]).domain:
        return None
    return match[1], match[2]
