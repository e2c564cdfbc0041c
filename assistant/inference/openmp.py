"""How OpenMP's threads wait for each other: by its variables, which its library reads once, when it is loaded.

Set later, they count only for processes that are started then. What the operator set stays.
"""

from __future__ import annotations

import os

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
VARIABLES = (*WAITING, "OMP_PROC_BIND", "OMP_PLACES", "OMP_NUM_THREADS", "KMP_BLOCKTIME")
WORDS = {"short": "short waits", "long": "longer waits", "bound": "longer waits, bound to cores"}
# How long a thread that is done spins before it sleeps, and whether each is held to its core. Left alone, OpenMP spins for
# so long that one busy process takes three quarters of the speed; threads that sleep at once halve it on a quiet machine.
SETTINGS: dict[str, dict[str, str]] = {
    "short": {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "300"},
    "long": {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"},
    "bound": {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores", "GOMP_SPINCOUNT": "3000"},
}

_ours: dict[str, str] = {}  # what this process set


def set_by_operator() -> list[str]:
    return [name for name in VARIABLES if name in os.environ and os.environ[name] != _ours.get(name)]


def use(setting: str) -> None:
    """`setting`: a key of SETTINGS. The first one counts, because OpenMP goes on with what it read."""
    if not _ours:
        _ours.update(SETTINGS[setting])
        os.environ.update(SETTINGS[setting])


def use_short_waits() -> None:
    """Where nobody chose how threads wait."""
    if not any(name in os.environ for name in WAITING):
        use("short")
