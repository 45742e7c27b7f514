"""The kinds of test. To add one, add a file here and its class to this list.

Every command imports them with the configuration. So a module imports HTTP and the clients of AWS
only when a test runs, or for types.
"""

from __future__ import annotations

from lambda_fast_deploy.testing.kinds.command import CommandTest
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.invoke import InvokeTest
from lambda_fast_deploy.testing.kinds.kind import KindOfTest
from lambda_fast_deploy.testing.kinds.loads import LoadsTest
from lambda_fast_deploy.testing.kinds.s3 import S3Test

KINDS: tuple[type[KindOfTest], ...] = (HttpTest, InvokeTest, LoadsTest, S3Test, CommandTest)
