"""A job that kills every worker it meets costs its neighbours one attempt, and ends. With processes that really die."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.tests.mortal_worker import NEIGHBOURS
from webapp.running import ROOT, Embedded

pytestmark = pytest.mark.process


def test_a_job_that_kills_its_worker_costs_each_neighbour_one_attempt_and_ends(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "assistant.tests.mortal_worker"],
        cwd=ROOT,
        env=Embedded(tmp_path).env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["ends"] == [-signal.SIGKILL] * 3 + [0]
    poison, *neighbours = said["jobs"]
    assert poison == {
        "poison": True,
        "status": "failed",
        "reason": "attempts_exhausted",
        "attempt": 3,
        "suggestions": 0,
    }
    done = {"poison": False, "status": "done", "reason": "end", "attempt": 2, "suggestions": 1}
    assert neighbours == [done] * NEIGHBOURS
