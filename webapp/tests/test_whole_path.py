"""The whole path of a reply through processes, in both forms, with the real model; and nothing of it leaks on the way."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from webapp.private_servers import PrivatePostgres, PrivateRedis
from webapp.running import Embedded, Site
from webapp.tests.leaks import Monitor, everything_in_redis, found_in, raw_postgres, raw_sqlite
from webapp.visitor import UUID, Heard, Visitor

pytestmark = [pytest.mark.process, pytest.mark.model]

# Each text holds a word that no dictionary has, so that it can be looked for.
POST = "I moved to a new town for work and the evenings in Marplewick are long. I miss having somebody to cook with."
SECOND_POST = "Since the move to Dunfallow my sister does not call any more. I do not know what I did wrong."
DRAFTS = [  # what a small model says to one of them may be held, and not on every processor it says the same
    "Moving somewhere new is hard. I remember how quiet my first flat was, back in Quillonbrook. What do you like to cook?",
    "Long evenings can feel endless. When I came to Quillonbrook I knew nobody. Is there a meal that you miss?",
    "That sounds lonely. I was new in Quillonbrook once, and it took a while. Who did you cook with before?",
]
MOST_THROWS = 5
WHY_A_DRAFT = "English is my second language, as everybody in Tarnhollow knows."
UNKIND = "Other people have it so much worse than you. Stop whining like they do in Grimsedge, it is your own fault."
WHY_APPROVED = "Harsh, but they are friends from Ossenmere and write like this."
FATE = """
from assistant.models import Finding, SuggestionJob
job = SuggestionJob.objects.get(id=values[0])
answer = [job.status, job.reason, *Finding.objects.filter(suggestion__job=job).values_list("code", flat=True)]
"""
PLANTED = ["Marplewick", "Dunfallow", "Quillonbrook", "Tarnhollow", "Grimsedge", "Ossenmere"]


@dataclass
class Walk:
    """What was seen on the way."""

    jobs: list[str] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)


# Every day with all that a grown site has; without, a browser walks the same way every day.
@pytest.mark.parametrize("site", [pytest.param("embedded", marks=pytest.mark.deep), "outgrown"], indirect=True)
def test_a_reply_goes_the_whole_path_and_its_words_stand_nowhere_else(
    site: Site, request: pytest.FixtureRequest
) -> None:
    before = raw_database(site, request)
    with watched_redis(site, request) as told_to_redis, Visitor(site.url).sign_in() as admin:
        walk = walk_the_whole_path(site, admin)
    said = [phrase for text in walk.suggestions for phrase in phrases_of(text)]
    # What the model says now and then stands in the words of a goal, which every site has from the start.
    words = PLANTED + [phrase for phrase in said if not found_in(before, [phrase])]
    assert len(words) > len(PLANTED)
    database = raw_database(site, request)
    places = site.logs() | told_to_redis | database

    assert found_in(places, words) == []

    # The search finds what is there: ids in logs and messages, names in the database.
    assert any(found_in({"logs": log}, walk.jobs) for log in site.logs().values())
    assert not told_to_redis or found_in(told_to_redis, walk.jobs)
    assert all(found_in({name: content}, ["walker"]) for name, content in database.items() if name in CONTENT)


CONTENT = ("lantern.sqlite3-wal", "pg_dump", "Postgres' files")


def walk_the_whole_path(site: Site, admin: Visitor) -> Walk:
    walk = Walk()
    supporter, moderator = admin.invite("walker", "supporter"), admin.invite("warden", "moderator")
    person = site.look("from webapp.accounts.models import User\nanswer=str(User.objects.get(username='walker').pk)")
    assert admin.send(f"/people/{person}/generate", allowed="on").status_code == 302
    import_posts(site)

    # The first reply: the supporter's own words, improved, decided on, sent.
    draft = supporter.take_post()
    assert POST in html.unescape(supporter.page(f"/drafts/{draft}/"))
    asked_with, suggestion = first_shown(site, supporter, improvements(supporter, draft), walk)
    _text, base = text_on_page(supporter, draft)
    index = next(n for n, kind in enumerate(suggestion["kinds"]) if kind != "keep")
    fields = {"verdict": "accepted", "text": asked_with, "base": base}
    assert supporter.send(f"/suggestions/{suggestion['id']}/changes/{index}", **fields).status_code == 302
    text, base = text_on_page(supporter, draft)
    assert text != asked_with
    assert suggestion["afters"][index].strip() in text
    assert "Sent" in supporter.page(send_reply(supporter, draft, text, base))

    # The second: a draft from the post, then words that a moderator has to read first.
    draft = supporter.take_post()
    first_shown(site, supporter, written_drafts(supporter, draft), walk)
    _text, base = text_on_page(supporter, draft)
    reply = send_reply(supporter, draft, UNKIND, base)
    assert "Waits for a moderator" in supporter.page(reply)
    flag = flag_with(moderator, "Grimsedge")
    assert moderator.send(f"{flag}claim").status_code == 302
    version = hidden(moderator.page(flag), "version")
    decided = moderator.send(f"{flag}decide", outcome="approve", policy="other", reason=WHY_APPROVED, version=version)
    assert decided.status_code == 302
    assert "Sent" in supporter.page(reply)

    assert "is whole" in site.command("verify_audit")
    return walk


def import_posts(site: Site) -> None:
    """Old ones, so that they are handed out before those of other tests."""
    rows = [
        {"id": f"walk-{number}", "text": text, "received_at": f"2020-01-0{number}T08:00:00Z"}
        for number, text in enumerate((POST, SECOND_POST), start=1)
    ]
    file = site.folder / "posts.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    assert "2 imported" in site.command("import_posts", str(file))
    assert "2 known" in site.command("import_posts", str(file))


def improvements(supporter: Visitor, draft: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ask for help with one text after the other: each text, and its job."""
    base = 0
    for text in DRAFTS:
        base = supporter.save(draft, text, base=base)
        yield text, supporter.ask(draft, text, base=base)


def written_drafts(supporter: Visitor, draft: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ask for a draft again and again: each time is another throw."""
    for _ in range(MOST_THROWS):
        yield "", supporter.ask(draft, "", base=0, mode="generate", reason=WHY_A_DRAFT)


def first_shown(
    site: Site, supporter: Visitor, asked: Iterator[tuple[str, dict[str, Any]]], walk: Walk
) -> tuple[str, dict[str, Any]]:
    """The first suggestion that is shown, with the text that it was asked for."""
    fates = []
    for text, job in asked:
        suggestion = hear_suggestion(site, supporter, job, walk)
        if suggestion is not None:
            return text, suggestion
        fates.append(site.look(FATE, job["job"]))
    pytest.fail(f"{len(fates)} times the model was asked, and nothing was shown: {fates}")


def hear_suggestion(site: Site, supporter: Visitor, job: dict[str, Any], walk: Walk) -> dict[str, Any] | None:
    """Follow a job on the socket; what was heard, the HTTP twin and the row say the same. None when nothing is shown."""
    heard: Heard = supporter.listen(job)
    if heard.status == "held":
        assert supporter.twin(job)["chunks"] == []
        return None
    if heard.status == "failed":
        assert (
            supporter.twin(job)["reason"] == "repetition"
        )  # the starter model's own fault, and the next draft's chance
        return None
    assert heard.status == "done"
    assert heard.numbers == list(range(1, len(heard.numbers) + 1))
    assert len(heard.numbers) > 1, "the suggestion came in one piece, so nothing was streamed"
    twin = supporter.twin(job)
    assert heard.text == "".join(piece["text"] for piece in twin["chunks"])
    stored: dict[str, Any] = site.look(
        "from assistant.models import Suggestion\nfrom assistant.actions import changes_of\n"
        "row = Suggestion.objects.select_related('case').get(job_id=values[0])\n"
        "answer = {'id': str(row.id), 'text': row.text, 'kinds': [str(c.kind) for c in changes_of(row)],"
        " 'afters': [c.after for c in changes_of(row)]}",
        job["job"],
    )
    assert heard.text == stored["text"]
    walk.jobs.append(job["job"])
    walk.suggestions.append(heard.text)
    return stored


def text_on_page(supporter: Visitor, draft: str) -> tuple[str, int]:
    page = supporter.page(f"/drafts/{draft}/")
    found = re.search(r'<textarea[^>]*id="reply-text".*?>\n?(.*?)</textarea>', page, re.S)
    assert found is not None
    return html.unescape(found[1]), int(hidden(page, "base"))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"The page has no field {name}."
    return str(found[1])


def send_reply(supporter: Visitor, draft: str, text: str, base: int) -> str:
    answer = supporter.send(f"/drafts/{draft}/send", text=text, base=base)
    assert answer.status_code == 302, re.findall(r"Not sent\.</strong>([^<]*)", answer.text)
    return str(answer.headers["location"])


def flag_with(moderator: Visitor, word: str) -> str:
    links = re.findall(rf'"(/moderation/flags/{UUID}/)"', moderator.page("/moderation/"))
    return str(next(link for link in links if word in moderator.page(link)))


def phrases_of(text: str) -> list[str]:
    """Three words in a row are the suggestion's own; plain letters, which no escaping changes."""
    words = text.split()
    rows = (" ".join(words[start : start + 3]) for start in range(0, len(words) - 2, 3))
    found = [row for row in rows if re.fullmatch(r"[A-Za-z ]{12,}", row)]
    assert found, f"Nothing in {text!r} can be looked for."
    return found


@contextlib.contextmanager
def watched_redis(site: Site, request: pytest.FixtureRequest) -> Iterator[dict[str, bytes]]:
    """Filled when the block ends; empty for a site without Redis."""
    seen: dict[str, bytes] = {}
    if isinstance(site, Embedded):
        yield seen
        return
    server: PrivateRedis = request.getfixturevalue("private_redis")
    with Monitor(server.port) as monitor:
        yield seen
        seen["Redis, all that is kept"] = everything_in_redis(server.url)
    seen["Redis, all that was said"] = monitor.heard


def raw_database(site: Site, request: pytest.FixtureRequest) -> dict[str, bytes]:
    if isinstance(site, Embedded):
        return raw_sqlite(site.folder)
    server: PrivatePostgres = request.getfixturevalue("private_postgres")
    return raw_postgres(server, site.env["DATABASE_URL"])
