"""What `bin/test` tries a telling sample of, and `bin/test --all` the whole.

A number of examples, rows or signs is `by_far(few, many)`; tests and parameters that are there for
completeness are marked `pytest.mark.thorough`, and left out without `--all`.
"""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("SEGMAIL_TEST_ALL"))


def by_far(few: int, many: int) -> int:
    """Return how many are tried in this run."""
    return many if THOROUGH else few
