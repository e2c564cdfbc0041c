"""The demonstration: invented people and invented posts, for a database that is empty. Every page says that it is one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from assistant.actions import receive_post, save_revision, send_reply, take_next_post
from assistant.models import Post
from moderation.actions import add_shift
from moderation.models import Shift
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies.demonstration import make_study

PEOPLE = [
    ("juniper", Role.SUPPORTER),
    ("fern", Role.SUPPORTER),
    ("rowan", Role.MODERATOR),
    ("hazel", Role.LEAD),
    ("linden", Role.CLINICIAN),
    ("alder", Role.RESEARCHER),
    ("willow", Role.ADMIN),
    ("aspen", Role.AUDITOR),
    ("sorrel", Role.RATER),
    ("thyme", Role.RATER),
]

# Written for this demonstration; nobody sent these.
POSTS = [
    (
        "I started at a new school in September and I still eat lunch alone every single day. The others already have their "
        "groups. My mum keeps asking if I made friends and I keep saying yes so she doesn't worry. I'm so tired of pretending.",
        "IE",
        95,
    ),
    (
        "My dad had a stroke in spring and moved in with us. I do his pills, his meals, the nights when he is confused. My "
        "brother lives an hour away and says I make it sound worse than it is. Yesterday I shouted at dad because he spilled "
        "his tea and then I sat in the car and cried for half an hour. I love him. I don't know how long I can do this.",
        "GB",
        80,
    ),
    (
        "failed the driving test for the fourth time today. fourth!! everyone at work knew i was taking it so now i get to tell "
        "all of them. i know it's stupid to be this upset about a driving test but i can't stop thinking i'm just not able to "
        "do things normal people can do",
        "US",
        66,
    ),
    (
        "We broke up three weeks ago after six years. I still set out two cups in the morning. People tell me to go out, meet "
        "somebody, and I nod. At night I read our old messages until it gets light. How do you get used to the quiet?",
        "",
        51,
    ),
    (
        "I don't really know how to say this. Since the redundancy I feel like everybody would be better off without me, my "
        "wife most of all. I don't want to worry anyone. Some mornings I wish I just wouldn't wake up.",
        "GB",
        33,
    ),
    (
        "Passed my nursing exams!! First in my family. And now I feel flat instead of happy, like it happened to someone else. "
        "Is that weird? Did anyone else have this?",
        "AU",
        20,
    ),
]


# A post and a reply that a moderator has to look at, so that the queue of a demonstration is not empty.
URGENT = (
    "I can't do this any more. I wrote letters to everyone and I know how I'm going to do it. Tonight when they are asleep. "
    "I just wanted somebody to know it wasn't their fault.",
    "US",
    6,
)
SAMPLED = POSTS[2]
ANSWERED = (
    "My best friend stopped answering me after her wedding. I keep going through what I might have done. Ten years and now "
    "it's just silence.",
    "NZ",
    140,
)
UNKIND_REPLY = (
    "I lost a friend like that once. It was like a door that nobody tells you is closed. But honestly other people have it "
    "much worse, you should just get over it. Is there somebody else you could ring this week?"
)


def seed_if_empty() -> str:
    if get_user_model().objects.exists() or Post.objects.exists():
        return "already there"
    make_accounts()
    fill_rota()
    enter(*ANSWERED)
    reply_as("fern", UNKIND_REPLY)  # before the others come in: the post that waits longest is handed out first
    for text, country, minutes_ago in [*POSTS, URGENT]:
        enter(text, country, minutes_ago)
    make_study(by=User.objects.get(username="alder"), raters=["sorrel", "thyme"])
    return f"{len(PEOPLE)} accounts, {len(POSTS) + 2} invented posts"


def fill_rota() -> None:
    """A moderator and a lead, for as long as a demonstration lives."""
    now = timezone.now()
    for name, line in (("rowan", Shift.Line.MODERATOR), ("hazel", Shift.Line.LEAD)):
        person = User.objects.get(username=name)
        until = now + timedelta(days=7)
        add_shift(person=person, line=line, place=1, starts_at=now, ends_at=until, weeks=4, by=person)


def enter(text: str, country: str, minutes_ago: int) -> None:
    received_at = timezone.now() - timedelta(minutes=minutes_ago)
    # Not by chance, so that every demonstration is the same: one of the posts is read as a sample.
    sampled = text == SAMPLED[0]
    receive_post(text=text, country=country, received_at=received_at, draw=lambda most: 0 if sampled else most - 1)


def reply_as(name: str, text: str) -> None:
    author = User.objects.get(username=name)
    draft = take_next_post(author)
    assert draft is not None
    head, _branch = save_revision(draft, text=text, base=0)
    send_reply(draft, by=author, revision=head)


def accounts_file() -> Path:
    return Path(settings.DATA_DIR) / "secret" / "demo-accounts"


@transaction.atomic
def make_accounts() -> None:
    """At least one account per role, each with a random password that is kept in a file only this user may read."""
    lines = []
    for name, role in PEOPLE:
        password = secrets.token_urlsafe(9)
        user = User.objects.create_user(username=name, password=password)
        user.groups.add(Group.objects.get(name=role.value))
        lines.append(f"{role.value:<11} {name:<8} {password}")
    path = accounts_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def account_lines() -> list[str]:
    if not accounts_file().is_file():
        return ["  (made by somebody else; ask an admin)"]
    return ["  " + line for line in accounts_file().read_text(encoding="utf-8").splitlines()]
