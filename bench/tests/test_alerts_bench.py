"""The short form of `make faults-alerts`: ten kills, the relay and PostgreSQL down once each; nothing is lost or late."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from bench.alerts import Result, table
from conftest import missing
from webapp.private_servers import MissingServer, program

QUIET = [0.2] * 95 + [1.9] * 5
LIMITS = (
    "under load 95 of 100 within 2 s",
    "under load every one within 10 s",
    "after a fault every one within 30 s",
)


@pytest.mark.parametrize(
    ("quiet", "broken", "missed"),
    [
        (QUIET, [0.2, 29.9], []),
        ([0.2] * 99 + [9.9], [0.2], []),
        ([0.2] * 90 + [2.5] * 10, [0.2], [LIMITS[0]]),
        ([0.2] * 99 + [10.1], [0.2], [LIMITS[1]]),
        (QUIET, [0.2] * 99 + [30.1], [LIMITS[2]]),
        ([3.0], [0.2], [LIMITS[0]]),
        ([], [], list(LIMITS)),  # nothing was measured
    ],
)
def test_a_limit_that_was_missed_is_named(quiet: list[float], broken: list[float], missed: list[str]) -> None:
    result = Result(seconds_quiet=quiet, seconds_broken=broken)
    assert result.missed == missed
    assert "first alert under load" in table(result)


@pytest.mark.deep
@pytest.mark.process
@pytest.mark.quiet
@pytest.mark.timeout(600)
def test_what_is_killed_at_random_points_loses_no_alert() -> None:
    try:
        program("postgres")
    except MissingServer as name:
        missing(f"Postgres ({name})")
    done = subprocess.run(
        [sys.executable, "-m", "bench.alerts", "--kills", "10", "--load-seconds", "5"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "holds" in done.stdout
    assert "MISSED" not in done.stdout
