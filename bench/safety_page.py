"""How long the moderators' safety page takes beside many flags, in a database of its own that is thrown away.

python -m bench.safety_page                 20,000 flags of the last 90 days, two looks at each
python -m bench.safety_page --days 14       the same in the two weeks that the page is about: 1,400 a day
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

BAR_MS = 500.0
LAYERS = ("crisis.plan", "dismissal.blame", "methods.detail", "promises.outcome", "medical.diagnosis", "person.worried")
ROUNDS = 15


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.safety_page", description=__doc__)
    parser.add_argument("--flags", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=90)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lantern-safety-") as folder:
        os.environ.setdefault("DATABASE_URL", "")
        os.environ |= {"DJANGO_SETTINGS_MODULE": "webapp.settings", "DATA_DIR": folder, "DEMO": "1"}
        return measure(given.flags, days=given.days)


def measure(count: int, *, days: int) -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from assistant.vault.keys import create_key_file
    from webapp import test as build
    from webapp.accounts.roles import Role

    call_command("migrate", verbosity=0)
    create_key_file(settings.VAULT_KEYS_FILE)
    call_command("collectstatic", interactive=False, verbosity=0)
    fill(count, days, [build.person(f"reviewer-{number}", Role.LEAD) for number in range(8)])
    client = Client(SERVER_NAME="localhost")
    client.force_login(build.person("reader", Role.LEAD))
    times, work = [], []
    for _ in range(ROUNDS):
        began, worked = time.perf_counter(), time.thread_time()
        assert client.get("/moderation/safety/").status_code == 200
        times.append(1000 * (time.perf_counter() - began))
        work.append(1000 * (time.thread_time() - worked))
    with CaptureQueriesContext(connection) as queries:
        client.get("/moderation/safety/")
    slowest = sorted(queries.captured_queries, key=lambda query: -float(query["time"]))[:3]
    spent = 1000 * sum(float(query["time"]) for query in queries.captured_queries)
    print(
        f"{connection.vendor}, {count:,} flags of {days} days, {len(queries)} queries ({spent:.0f} ms of them in the database)"
    )
    print(
        f"median {statistics.median(times):.0f} ms, slowest of {ROUNDS} {max(times):.0f} ms; the bar is {BAR_MS:.0f} ms"
    )
    print(f"of this the process itself worked {statistics.median(work):.0f} ms; the rest it waited for its neighbours")
    for query in slowest:
        print(f"  {query['time']} s  {query['sql'][:110]}")
    return 0 if statistics.median(times) <= BAR_MS else 1


def fill(count: int, days: int, people: Sequence[Any]) -> None:
    """Posts and replies with a flag each; nine of ten are closed, and each was opened by two people."""
    from django.utils import timezone

    from assistant.models import AuditEvent, CaseKey, Post
    from moderation.models import Decision, Flag

    dice, now = random.Random(1), timezone.now()
    case = CaseKey.open_case()
    cases = [CaseKey(wrapped=case.wrapped, master_id=case.master_id) for _ in range(count)]
    posts = [Post(case=one, text="Invented.", received_at=now, status=Post.Status.CLOSED) for one in cases]
    flags, decisions, events = [], [], []
    for number, post in enumerate(posts):
        opened = now - timedelta(minutes=dice.randrange(days * 24 * 60))
        closed = opened + timedelta(minutes=dice.randrange(1, 600)) if number % 10 else None
        flag = Flag(
            case=post.case,
            post=post,
            severity=2,
            level=dice.randrange(5),
            language=post.language,
            codes=sorted(dice.sample(LAYERS, dice.randrange(1, 3))),
            status=Flag.Status.DECIDED if closed else Flag.Status.OPEN,
            opened_at=opened,
            closed_at=closed,
        )
        flags.append(flag)
        for actor in dice.sample(list(people), 2):
            at = opened + timedelta(minutes=dice.randrange(60))
            events.append((str(actor.pk), str(flag.id), at))
        if closed:
            outcome = dice.choice(Decision.Outcome.values)
            came_of = dice.choice(Decision.Closing.values) if outcome == Decision.Outcome.CLOSE else ""
            decisions.append((flag, outcome, came_of, dice.choice(people), closed))
    key = case.key()
    for one in cases:
        one.key = lambda: key  # type: ignore[method-assign]  # sealing with one key is enough here
    CaseKey.objects.bulk_create(cases, batch_size=2000)
    Post.objects.bulk_create(posts, batch_size=2000)
    Flag.objects.bulk_create(flags, batch_size=2000)
    Decision.objects.bulk_create(
        (
            Decision(
                case=flag.case,
                flag=flag,
                outcome=outcome,
                closed_as=came_of,
                by=by,
                reason="Invented.",
                flag_version=1,
                at=at,
            )
            for flag, outcome, came_of, by, at in decisions
        ),
        batch_size=2000,
    )
    last = AuditEvent.objects.count()
    AuditEvent.objects.bulk_create(
        (
            AuditEvent(
                seq=last + number, at=at, actor=actor, action="flag.viewed", object_type="flag", object_id=flag_id
            )
            for number, (actor, flag_id, at) in enumerate(events, start=1)
        ),
        batch_size=2000,
    )


if __name__ == "__main__":
    sys.exit(main())
