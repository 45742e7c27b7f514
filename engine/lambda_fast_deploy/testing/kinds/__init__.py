"""The kinds of test. One more is a file here, and its class in this list.

Every command imports them with the configuration; what only a run of a test needs (HTTP, clients
of AWS) is imported by that, or for types alone.
"""

from __future__ import annotations

from lambda_fast_deploy.testing.kinds.command import CommandTest
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.invoke import InvokeTest
from lambda_fast_deploy.testing.kinds.kind import KindOfTest
from lambda_fast_deploy.testing.kinds.s3 import S3Test

KINDS: tuple[type[KindOfTest], ...] = (HttpTest, InvokeTest, S3Test, CommandTest)
