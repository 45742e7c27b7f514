"""What the page counts with: list prices, all of the day that ``AS_OF`` names."""

from __future__ import annotations

AS_OF = "January 2026"
MINUTE = 0.006  # USD; GitHub documentation, "Actions runner pricing": Linux 2-core (x64)
STORED = 0.10 / 10**9  # USD a byte and month; Amazon ECR pricing, data stored in repositories
