"""What MiniStack lacks and this stack needs, one file a gap.

Each module has `apply()`. They reach into MiniStack's internals, so they are pinned to one version, and each has a
test that shows the gap without it: when such a test fails after an upgrade, the patch can go. `speed` and `output`
close no gap: their tests show what they must not change.
"""

import importlib
import importlib.metadata
import sys

PINNED = "1.5.33"
NAMES = (
    "ttl", "sweep", "stream", "nagle", "emf", "streams", "parameters", "batches", "schedules", "targets",
    "newlines", "environments", "bodies", "throttles", "functions", "protections", "states", "speed", "mappings",
    "delivery", "grants", "levels", "recursion", "references", "passrole", "indexes", "sizes", "lag", "concurrency",
    "subscriptions", "mails", "topics", "output",
)  # fmt: skip


def apply(without: list[str] = ()) -> None:
    """Apply every patch but those named."""
    installed = importlib.metadata.version("ministack")
    if installed != PINNED:
        sys.exit(f"The patches are written for MiniStack {PINNED}, but {installed} is installed: run `cargo xtask "
                 "setup`, or, for an upgrade, run the tests in infra/local/tests and adapt the patches.")
    unknown = set(without) - set(NAMES)
    if unknown:
        sys.exit(f"No patch is named {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}.")
    for name in NAMES:
        if name not in without:
            importlib.import_module(f"{__name__}.{name}").apply()
