"""How often expired items are swept: BANSYNC_TTL_SWEEP_SECONDS (MiniStack: every 60 s, unchangeable).

A second thread runs MiniStack's own reaper with another pause, so that what is swept, and how, stays MiniStack's.
"""

import os
import threading
import types

from bansync_local.patches.ttl import REAPER

ORIGINAL_SECONDS = 60


def apply() -> None:
    wanted = os.environ.get("BANSYNC_TTL_SWEEP_SECONDS")
    if not wanted:
        return
    from ministack.services import dynamodb

    code = dynamodb._ttl_reaper.__code__
    if ORIGINAL_SECONDS not in code.co_consts:
        raise SystemExit("MiniStack's TTL reaper no longer pauses for 60 s: adapt infra/local/bansync_local/patches/sweep.py")
    constants = tuple(float(wanted) if constant == ORIGINAL_SECONDS else constant for constant in code.co_consts)
    reaper = types.FunctionType(code.replace(co_consts=constants), dynamodb.__dict__)
    threading.Thread(target=reaper, daemon=True, name=REAPER).start()
