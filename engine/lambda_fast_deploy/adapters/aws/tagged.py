"""Functions by their tags (API: Resource Groups Tagging)."""

from __future__ import annotations

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.arn import Arn


def tagged_functions(aws: Aws, region: str, tag: str, value: str) -> list[str]:
    """The names of the functions of a region that have a tag with a value, sorted.

    Raises:
        NotPermitted: IAM does not allow the search.
    """
    pages = aws.pages(
        region,
        "resourcegroupstaggingapi",
        "get_resources",
        TagFilters=[{"Key": tag, "Values": [value]}],
        ResourceTypeFilters=["lambda:function"],
    )
    found = (each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"])
    return sorted({Arn.parse(arn).name for arn in found})
