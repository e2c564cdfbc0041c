"""Once through the fault table: a worker that dies anywhere loses nothing and doubles nothing."""

from __future__ import annotations

import pytest

from assistant.tests.starter import starter_model_file
from bench.crashpoints import Point
from bench.faults import FLUSHED, FLUSHED_UNHEARD, RESTARTED, run_faults
from conftest import missing
from webapp.private_servers import MissingServer, program

pytestmark = [pytest.mark.process, pytest.mark.model, pytest.mark.deep]

QUICK = {"JOB_LEASE_SECONDS": "2", "SWEEP_SECONDS": "0.5"}  # so that nobody waits; `make faults` keeps the defaults


@pytest.mark.timeout(420)  # a minute on a quiet machine, but each fault waits for a process to start again
@pytest.mark.parametrize("form", ["embedded", "outgrown"])
def test_every_accepted_job_finishes_once_whatever_dies(form: str) -> None:
    starter_model_file()
    if form == "outgrown":
        need("initdb", "redis-server")

    rows = run_faults(form, rounds=1, settings=QUICK)

    by_redis = {FLUSHED, FLUSHED_UNHEARD, RESTARTED} if form == "outgrown" else set()
    assert {row.fault for row in rows} == {point.value for point in Point} | by_redis
    assert [row for row in rows if row.finished != 2 or row.lost or row.doubled] == []


def need(*programs: str) -> None:
    for name in programs:
        try:
            program(name)
        except MissingServer:
            missing(name)
