"""python -m scripts.screenshots            every picture of docs/img/states
python -m scripts.screenshots empty held     only these
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.screenshots.states import STATES
from scripts.screenshots.studio import Studio, studio


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots")
    parser.add_argument("states", nargs="*", choices=[*STATES, []], metavar="STATE", help=", ".join(STATES))
    wanted = parser.parse_args().states or list(STATES)
    with tempfile.TemporaryDirectory(prefix="lantern-pictures-") as folder, studio(Path(folder)) as here:
        failed = [name for name in STATES if name in wanted and not taken(here, name)]
    return 1 if failed else 0


def taken(here: Studio, name: str) -> bool:
    """One state that does not come about leaves the others."""
    try:
        STATES[name](here)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
