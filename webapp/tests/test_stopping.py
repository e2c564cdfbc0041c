"""Who presses Ctrl+C does not wait for a suggestion, and the suggestion is not lost."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from assistant.tests.starter import starter_model_file
from webapp.running import Embedded, wait_until
from webapp.visitor import OVER, Visitor

pytestmark = [pytest.mark.process, pytest.mark.model, pytest.mark.deep, pytest.mark.quiet]

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
# Long, so that the job still runs when the server is told to stop.
DRAFT = "Moving somewhere new is hard, and I remember how quiet my first flat was. What do you like to cook? " * 12
SECONDS = 10.0  # a job of this length takes longer than that on any machine that runs these tests


def test_a_server_that_is_stopped_in_mid_suggestion_goes_down_and_finishes_it_at_the_next_start(tmp_path: Path) -> None:
    models = starter_model_file().path.parent
    with Embedded(tmp_path).use_models(models) as site, Visitor(site.url).sign_in() as admin:
        admin.send("/posts/enter", text=POST, language="en", country="")
        person = admin.invite("wren", "supporter")
        draft = person.take_post()
        job = person.ask(draft, DRAFT, base=person.save(draft, DRAFT))
        wait_until(lambda: person.twin(job)["status"] == "running", seconds=30, what="the job to run")

        asked_to_stop = time.monotonic()
        site.worker.stop(signal.SIGINT)
        assert time.monotonic() - asked_to_stop < SECONDS
        assert "Traceback" not in site.worker.log.read_text()
        site.restart_worker()
        site.wait_for_help()

        state = wait_until(
            lambda: person.twin(job) if person.twin(job)["status"] in OVER else None,
            seconds=90,
            what="the job to finish",
        )
        assert state is not None
        assert state["status"] in ("done", "held"), state
        assert state["attempt"] == 2
