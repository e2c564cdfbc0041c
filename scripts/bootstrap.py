#!/usr/bin/env python3
"""Set up, run and test Lantern with nothing but Python: `python3 scripts/bootstrap.py run`.

This file alone must parse on old Pythons, so that they get a sentence instead of a traceback.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent


def newer_python() -> str:
    """A Python on PATH that is new enough and really starts (a pyenv shim may not); empty when there is none."""
    for minor in (14, 13, 12, 11):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return ""


def main() -> int:
    if sys.version_info < OLDEST:
        better = newer_python()
        if better:
            os.execv(better, [better, os.path.abspath(__file__), *sys.argv[1:]])  # noqa: S606
        print(
            f"Python {sys.version.split()[0]}: too old for Lantern. Install Python 3.11 or newer, then run "
            "`python3.11 scripts/bootstrap.py run` or `make run PYTHON=python3.11`.",
            file=sys.stderr,
        )
        return 2
    sys.path.insert(0, str(ROOT))
    from scripts.setup.verbs import call  # only now: this module uses the syntax of 3.11

    return call(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
