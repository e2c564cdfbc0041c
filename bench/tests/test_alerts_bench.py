"""The short form of `make faults-alerts`: ten kills, the relay and PostgreSQL down once each, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from conftest import missing
from webapp.private_servers import MissingServer, program


@pytest.mark.deep
@pytest.mark.process
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
