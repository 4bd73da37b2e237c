"""Imports Locust without its patches of the standard library, which would reach into the tests of every other part.

What these tests run on gevent uses gevent's own sockets; the patched process of a load test is what `e2e` runs.
"""

from __future__ import annotations

import os

SKIP = "LOCUST_SKIP_MONKEY_PATCH"

before = os.environ.get(SKIP)
os.environ[SKIP] = "1"
import locust  # noqa: E402, F401  # read when it is imported

if before is None:
    del os.environ[SKIP]  # real locusts that tests start are patched as ever
else:
    os.environ[SKIP] = before
