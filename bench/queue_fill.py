"""An invented queue of any length, in the database of a site that runs: rows as the site writes them, in bulk."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from assistant.models import CaseKey, Draft, DraftRevision, Finding, Post, Reply
from assistant.safety.types import Severity
from assistant.vault.keys import master_keys, new_key
from bench.engine.cases import make_case
from moderation.models import Flag
from webapp.accounts.models import User

BATCH = 500
# Code, and what the flag asks for, as often as here.
KINDS = [
    ("crisis.addressed", Severity.HOLD, 1),
    ("classifier.danger", Severity.REVIEW, 4),
    ("person.reported", Severity.REVIEW, 1),
    ("sample.unflagged", Severity.NOTE, 2),
    ("dismissal.rejecting", Severity.HOLD, 1),  # of a reply
    ("medical.diagnosis", Severity.REVIEW, 2),  # of a reply
]
OF_REPLIES = {"dismissal.rejecting", "medical.diagnosis"}
LANGUAGES = ["en"] * 8 + ["es", "de"]


def fill(count: int) -> int:
    """So many open flags, and as many that were decided. The number that is open."""
    chance = random.Random(f"queue {count}")
    author = User.objects.create_user("queue-author")
    for first in range(0, count, BATCH):
        _batch([_Entry(chance, number, author) for number in range(first, min(count, first + BATCH))])
    return Flag.objects.open().count()


class _Entry:
    """A post, perhaps with a reply, its finding, its open flag and an older one."""

    def __init__(self, chance: random.Random, number: int, author: User) -> None:
        code, severity, _weight = chance.choices(KINDS, weights=[weight for *_, weight in KINDS])[0]
        made = make_case("queue", number % 400)
        held = severity == Severity.HOLD
        urgent = held and code not in OF_REPLIES
        at = timezone.now() - timedelta(minutes=chance.uniform(0, 4_000))
        self.case = CaseKey()
        self.case.master_id, self.case.wrapped = master_keys().wrap(new_key(), case_id=str(self.case.id))
        self.post = Post(
            case=self.case,
            text=made.post,
            language=chance.choice(LANGUAGES),
            received_at=at,
            status="held" if urgent else "waiting",
            was_held=urgent,
            screening_version="bench",
            level=chance.choice([3, 4]) if urgent else chance.choice([0, 0, 1, 2]),
            tier="urgent" if urgent else "review",
        )
        self.draft = self.revision = self.reply = None
        subject: dict[str, Post | Reply] = {"post": self.post}
        if code in OF_REPLIES:
            self.draft = Draft(
                case=self.case, post=self.post, author=author, status="held", last_number=1, head_number=1
            )
            self.revision = DraftRevision(case=self.case, draft=self.draft, number=1, base_number=0, text=made.draft)
            self.reply = Reply(
                case=self.case,
                draft=self.draft,
                revision=self.revision,
                text=made.draft,
                status="held" if held else "sent",
                model_share=0.0,
                was_held=held,
                screening_version="bench",
            )
            subject = {"reply": self.reply}
        middle = len(made.draft if self.reply else made.post) // 2
        self.finding = Finding(
            case=self.case,
            phase=code.partition(".")[0],
            code=code,
            severity=max(severity, Severity.REVIEW),
            start=middle,
            end=middle + 20,
            reason="Invented for a measurement.",
            **subject,
        )
        of_post = {"case": self.case, "level": self.post.level, "language": self.post.language}
        fields = of_post | {"severity": severity, "codes": [code], "opened_at": at}
        self.flags = [Flag(**fields, **subject), Flag(**fields, **subject, status="decided", closed_at=at)]


def _batch(entries: list[_Entry]) -> None:
    CaseKey.objects.bulk_create(entry.case for entry in entries)
    Post.objects.bulk_create(entry.post for entry in entries)
    Draft.objects.bulk_create(entry.draft for entry in entries if entry.draft)
    DraftRevision.objects.bulk_create(entry.revision for entry in entries if entry.revision)
    Reply.objects.bulk_create(entry.reply for entry in entries if entry.reply)
    Finding.objects.bulk_create(entry.finding for entry in entries)
    Flag.objects.bulk_create(flag for entry in entries for flag in entry.flags)
