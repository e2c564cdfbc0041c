"""A worker that dies by SIGKILL when it is asked about a certain post. `test_poison.py` starts it as a process.

Each of its lives is forked from one process that has imported everything and begun nothing. It prints how the lives ended
and what became of the jobs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import django

POISON = "The ferry was late again and I stood in the rain with all my bags."
NEIGHBOURS = 3
MOST_LIVES = 6


def in_child(what: Callable[[], None]) -> int:
    """Its exit status; negative: the number of the signal that ended it."""
    child = os.fork()
    if child == 0:
        what()
        sys.stdout.flush()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def write_rows() -> None:
    from webapp import starting
    from webapp import test as build
    from webapp.accounts.roles import Role

    starting.prepare_database()
    wren = build.person("wren", Role.SUPPORTER)
    for post in [POISON, *[build.CALM_POST] * NEIGHBOURS]:
        build.job(build.draft(wren, post_text=post))


def live() -> None:
    """Run what is to be run, all at once, as the threads of a worker do."""
    from assistant import runner, sweeper
    from assistant.inference.types import Request
    from assistant.models import SuggestionJob
    from webapp.test import FakeEngine, FakeStream

    begun = threading.Semaphore(0)

    class Mortal(FakeEngine):
        def submit(self, request: Request) -> FakeStream:
            begun.release()
            if any(POISON in segment.text for segment in request.prompt.segments):
                time.sleep(0.5)  # whoever is let in beside it has begun by then
                os.kill(os.getpid(), signal.SIGKILL)
            self.will_say("Moving somewhere new is hard. What would you cook for a friend?")
            return super().submit(request)

    def run(job_id: uuid.UUID) -> threading.Thread:
        thread = threading.Thread(target=runner.run_job, args=(job_id,), kwargs={"engine": engine})
        thread.start()
        return thread

    sweeper.requeue_all_running()
    sweeper.sweep(ring_after=timedelta(hours=1))
    jobs = list(SuggestionJob.objects.queued().select_related("draft__post__case").order_by("queued_at"))
    poison = [job.id for job in jobs if job.draft.post.text == POISON]
    neighbours = [job.id for job in jobs if job.id not in poison]
    engine = Mortal()
    if poison:
        engine.before_word = lambda _word: time.sleep(0.5)  # they are in the middle of it when the process dies
    nobody_died_yet = all(job.attempt == 0 for job in jobs)
    first, then = (neighbours, poison) if nobody_died_yet else (poison, neighbours)
    threads = [run(job_id) for job_id in first]
    for _ in first:
        begun.acquire(timeout=10)
    threads += [run(job_id) for job_id in then]
    for thread in threads:
        thread.join(30)


def report() -> None:
    from assistant.models import Suggestion, SuggestionJob

    jobs = SuggestionJob.objects.select_related("draft__post__case").order_by("queued_at")
    rows = [
        {
            "poison": job.draft.post.text == POISON,
            "status": job.status,
            "reason": job.reason,
            "attempt": job.attempt,
            "suggestions": Suggestion.objects.filter(job=job).count(),
        }
        for job in jobs
    ]
    print(json.dumps({"ends": ends, "jobs": rows}))  # noqa: T201 what its starter reads


ends: list[int] = []

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    django.setup()
    assert in_child(write_rows) == 0
    while len(ends) < MOST_LIVES and (not ends or ends[-1] != 0):
        ends.append(in_child(live))
    in_child(report)
