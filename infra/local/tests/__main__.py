"""All tests of the local AWS: `python -m tests`. They wait more than they work, so several processes share them."""

import concurrent.futures
import pathlib
import subprocess
import sys

# Processes at a time; each starts local AWSes of its own.
SHARES = 4


def run(modules: list[str]) -> subprocess.CompletedProcess:
    # unittest writes to standard error.
    return subprocess.run([sys.executable, "-m", "unittest", *modules], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main() -> bool:
    modules = sorted(f"tests.{path.stem}" for path in pathlib.Path(__file__).parent.glob("test_*.py"))
    well = True
    with concurrent.futures.ThreadPoolExecutor(SHARES) as pool:
        for done in concurrent.futures.as_completed(pool.submit(run, modules[first::SHARES]) for first in range(SHARES)):
            print(done.result().stdout, flush=True)
            well = well and done.result().returncode == 0
    return well


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
