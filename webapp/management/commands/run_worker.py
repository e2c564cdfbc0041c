"""A worker process of the outgrown form: Celery over Redis, one engine, the sweeper, the notifier."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_shutting_down
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assistant import gate
from assistant.dispatch import queues_of
from assistant.safety_watch import SafetyWatch
from assistant.sweeper import Sweeper
from assistant.worker_state import NAME, Heartbeat, holder
from moderation.notifier import Notifier
from webapp import starting
from webapp.celery import app
from webapp.checks import LIVE


class Command(BaseCommand):
    help = (
        "Runs suggestion jobs that the web processes announce over Redis. Start as many as there are machines for it."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        if settings.EMBEDDED:
            raise CommandError("REDIS_URL is not set: in the embedded form the worker runs inside `manage.py serve`.")
        self.check(tags=[LIVE], include_deployment_checks=True)
        if settings.MEASURE_AT_START:
            self.say(starting.try_to_measure(starting.measure_threads, self.say))
        heartbeat, sweeper, watch, notifier = Heartbeat(), Sweeper(), SafetyWatch(), Notifier()
        watch.start()
        heartbeat.start()
        sweeper.start()
        notifier.start()
        # What runs is finished, what waits to run is left to another worker.
        worker_shutting_down.connect(lambda **_: gate.here.close(), weak=False)
        try:
            # Not through `celery worker`: its command line would set up logging of its own, with arguments in it.
            worker = app.Worker(
                queues=queues_of(NAME, app=app),
                pool="threads",
                concurrency=settings.CELERY_WORKER_CONCURRENCY,
                without_heartbeat=True,
                without_mingle=True,
                without_gossip=True,
                quiet=True,
                loglevel="WARNING",
            )
            worker.start()
        finally:
            notifier.stop()
            sweeper.stop()
            watch.stop()
            heartbeat.stop()
            holder.close()

    def say(self, line: str) -> None:
        self.stdout.write(f"  Threads        {line}")
        self.stdout.flush()
