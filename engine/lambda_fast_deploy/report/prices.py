"""List prices for the page, all of the month ``AS_OF``."""

from __future__ import annotations

AS_OF = "January 2026"
MINUTE = 0.006  # USD; GitHub documentation, "Actions runner pricing": Linux 2-core (x64)
STORED = 0.10 / 10**9  # USD a byte and month; Amazon ECR pricing, data stored in repositories
