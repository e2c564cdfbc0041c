"""Whatever is typed: stored and read back exactly, or refused with a sentence; and nothing that was typed is lost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from assistant.inference.llamacpp.backends import load_backends
from assistant.models import Draft, DraftRevision, Post, Reply, SuggestionChunk, SuggestionJob
from assistant.tests import hard_texts
from assistant.tests.hard_texts import as_stored, of_length
from assistant.tests.page_socket import Socket
from assistant.tests.starter import starter_model_file
from webapp import test as build
from webapp.accounts.models import Session, User
from webapp.accounts.roles import Role
from webapp.test import Cast

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

Page: TypeAlias = "_MonkeyPatchedWSGIResponse"

pytestmark = pytest.mark.django_db

REFUSED = hard_texts.CONTROLS | {"too long": of_length(settings.MAX_DRAFT + 1)}
KEPT = hard_texts.KEPT | {"as long as may be": of_length(settings.MAX_DRAFT)}


def named(texts: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("text", texts.values(), ids=texts.keys())


@pytest.fixture
def draft(cast: Cast, client: Client) -> Draft:
    client.force_login(cast.wren)
    return build.draft(cast.wren)


def save(client: Client, draft: Draft, text: str, base: object = 1) -> Page:
    return client.post(f"/drafts/{draft.id}/save", {"text": text, "base": base}, headers={"Accept": "application/json"})


def head_of(draft: Draft) -> str:
    head = Draft.objects.get(id=draft.id).head()
    assert head is not None
    return head.text


# Drafts


@named(KEPT | hard_texts.EMPTY)
def test_a_draft_is_read_back_exactly(client: Client, draft: Draft, text: str) -> None:
    assert save(client, draft, text).status_code == 200
    assert head_of(draft) == as_stored(text)
    assert escape(as_stored(text)) in client.get(f"/drafts/{draft.id}/").content.decode()


@named(REFUSED)
def test_a_draft_that_cannot_be_kept_is_refused_with_a_sentence(client: Client, draft: Draft, text: str) -> None:
    answer = save(client, draft, text)
    assert answer.status_code == 422
    assert answer.json()["message"].endswith(".")
    assert head_of(draft) == build.KIND_DRAFT


@pytest.mark.parametrize("base", ["", "-1", "1.5", "x", "\x00", "9" * 400, str(2**31), "True", "١٢٣٤٥٦٧٨٩٠١٢"])
def test_a_revision_number_that_is_none_is_refused(client: Client, draft: Draft, base: str) -> None:
    answer = save(client, draft, "some other words", base)
    assert answer.status_code == 400
    assert answer.json()["field"] == "base"
    assert head_of(draft) == build.KIND_DRAFT


@pytest.mark.parametrize("button", ["save", "ask", "send"])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_no_text_at_all_is_a_mistake_and_empties_nothing(client: Client, draft: Draft, button: str, kind: str) -> None:
    fields = {"base": 1, "client_key": uuid.uuid4(), "mode": "improve"}
    answer = client.post(f"/drafts/{draft.id}/{button}", fields, headers={"Accept": kind})
    assert answer.status_code == (422 if button == "send" else 400)  # nothing to send is what a person may try
    assert head_of(draft) == build.KIND_DRAFT
    if kind == "application/json":
        assert answer.json()["field"] == "text"
    else:
        assert escape(build.KIND_DRAFT) in answer.content.decode()


def test_two_refusals_in_a_row_leave_the_draft_writable(client: Client, draft: Draft) -> None:
    for _ in range(2):
        save(client, draft, "\x00")
    assert save(client, draft, "and on it goes").status_code == 200


@pytest.mark.parametrize("button", ["save", "ask", "send"])
def test_without_our_script_a_refused_text_comes_back_on_the_page(client: Client, draft: Draft, button: str) -> None:
    text = "I would not want to type this again. " * 600
    fields = {"text": text, "base": 1, "client_key": uuid.uuid4(), "mode": "improve"}
    answer = client.post(f"/drafts/{draft.id}/{button}", fields)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert escape(text) in page
    assert "20,000 fit" in page


def test_without_our_script_a_request_that_is_refused_brings_the_text_back(client: Client, draft: Draft) -> None:
    fields = {"text": "Too short.", "base": 1, "client_key": uuid.uuid4(), "mode": "improve"}
    answer = client.post(f"/drafts/{draft.id}/ask", fields)
    assert answer.status_code == 422
    assert "Too short." in answer.content.decode()
    assert "words of your own first" in answer.content.decode()
    assert head_of(draft) == "Too short."


def test_without_our_script_a_saved_draft_is_shown_again(client: Client, draft: Draft) -> None:
    answer = client.post(f"/drafts/{draft.id}/save", {"text": "written slowly", "base": 1}, follow=True)
    assert "written slowly" in answer.content.decode()


# Replies


@named(KEPT)
def test_a_reply_that_is_sent_or_held_is_read_back_exactly(client: Client, draft: Draft, text: str) -> None:
    answer = client.post(f"/drafts/{draft.id}/send", {"text": text, "base": 1})
    assert answer.status_code == 302
    assert Reply.objects.get().text == as_stored(text)
    assert client.get(answer.headers["Location"]).status_code == 200


@named(REFUSED | hard_texts.EMPTY)
def test_a_reply_that_cannot_be_sent_comes_back_on_the_page(client: Client, draft: Draft, text: str) -> None:
    answer = client.post(f"/drafts/{draft.id}/send", {"text": text, "base": 1})
    assert answer.status_code == 422
    assert not Reply.objects.exists()
    assert escape(text) in answer.content.decode()
    assert head_of(draft) == build.KIND_DRAFT


def test_words_that_nobody_can_see_are_not_sent_unread(client: Client, draft: Draft) -> None:
    client.post(f"/drafts/{draft.id}/send", {"text": "\u200b\u200d\ufeff", "base": 1})
    assert Reply.objects.get().status == Reply.Status.HELD


# Posts


def enter(cast: Cast, client: Client, text: str, **fields: str) -> Page:
    client.force_login(cast.ash)
    return client.post("/posts/enter", {"text": text, "language": "en"} | fields)


@named(hard_texts.KEPT | {"as long as may be": of_length(settings.MAX_POST)})
def test_a_post_is_read_back_exactly(cast: Cast, client: Client, text: str) -> None:
    assert enter(cast, client, text).status_code == 302
    post = Post.objects.get()
    assert post.text == as_stored(text)
    assert post.screening_version


@named(hard_texts.CONTROLS | hard_texts.EMPTY | {"too long": of_length(settings.MAX_POST + 1)})
def test_a_post_that_cannot_be_stored_comes_back_on_the_page(cast: Cast, client: Client, text: str) -> None:
    answer = enter(cast, client, text)
    assert answer.status_code == 422
    assert not Post.objects.exists()
    assert escape(text) in answer.content.decode()


@pytest.mark.parametrize("field", ["language", "country"])
@named(hard_texts.KEPT | hard_texts.CONTROLS)
def test_a_language_or_a_country_is_one_or_it_is_refused(cast: Cast, client: Client, field: str, text: str) -> None:
    assert enter(cast, client, "The evenings are long.", **{field: text}).status_code == 422


@named(hard_texts.KEPT)
def test_a_page_with_such_a_post_can_be_read_by_supporter_and_moderator(cast: Cast, client: Client, text: str) -> None:
    draft = build.draft(cast.wren, post_text=text)
    client.force_login(cast.wren)
    page = client.get(f"/drafts/{draft.id}/")
    assert page.status_code == 200
    assert b"<script>alert" not in page.content
    if "\n" not in text:
        assert escape(text) in page.content.decode()  # as it was typed: nothing evaluated it
    client.post(f"/drafts/{draft.id}/worry")
    client.force_login(cast.ash)
    assert client.get("/moderation/").status_code == 200
    flag = draft.post.flags.latest("opened_at")
    page = client.get(f"/moderation/flags/{flag.id}/")
    assert page.status_code == 200
    assert b"<script>alert" not in page.content


# Asking


@named(hard_texts.KEPT)
def test_help_is_asked_for_with_any_text_and_any_reason(cast: Cast, client: Client, text: str) -> None:
    draft = build.draft(cast.birch)
    client.force_login(cast.birch)
    fields = {"text": text, "base": 1, "client_key": uuid.uuid4(), "mode": "generate", "reason": text[:2000]}
    answer = client.post(f"/drafts/{draft.id}/ask", fields, headers={"Accept": "application/json"})
    reason_is_blank = not as_stored(text[:2000]).strip()
    assert answer.status_code == (422 if reason_is_blank else 202)
    assert head_of(draft) == as_stored(text)
    if not reason_is_blank:
        assert SuggestionJob.objects.get().asked_because == as_stored(text[:2000])


@pytest.mark.parametrize("key", ["", "1", "\x00", "x" * 400, "{}", "00000000-0000-0000-0000-00000000000g"])
def test_a_click_without_a_proper_key_is_refused(client: Client, draft: Draft, key: str) -> None:
    fields = {"text": build.KIND_DRAFT, "base": 1, "client_key": key, "mode": "improve"}
    answer = client.post(f"/drafts/{draft.id}/ask", fields, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["field"] == "client_key"


@pytest.mark.parametrize("after", ["", "x", "1.5", "\x00", "9" * 5_000, "1_0x"])
def test_the_twin_of_the_stream_refuses_what_is_no_number(client: Client, draft: Draft, after: str) -> None:
    job = build.job(draft)
    for name in ("after", "attempt"):
        assert client.get(f"/jobs/{job.id}/stream", {name: after}).status_code == 400


@pytest.mark.parametrize("after", ["-1", "0", "99999999999999999999999999", str(-(2**70))])
def test_the_twin_of_the_stream_answers_for_any_whole_number(client: Client, draft: Draft, after: str) -> None:
    job = build.job(draft)
    SuggestionJob.objects.update(status="running", attempt=1, last_seq=1)
    SuggestionChunk.objects.create(case=draft.case, job=job, attempt=1, seq=1, text="A first sentence.")
    assert client.get(f"/jobs/{job.id}/stream", {"after": after, "attempt": "1"}).status_code == 200
    assert client.get(f"/jobs/{job.id}/stream", {"after": "0", "attempt": after}).status_code == 200


# Somebody else's ids


def test_what_belongs_to_somebody_else_looks_like_what_is_not_there(cast: Cast, client: Client) -> None:
    theirs = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    job = build.job(theirs)
    reply = client_of(cast.wren).post(f"/drafts/{theirs.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    assert Reply.objects.get().status == Reply.Status.HELD
    for address in [
        f"/drafts/{theirs.id}/",
        f"/jobs/{job.id}/stream",
        f"/jobs/{job.id}/suggestion",
        reply.headers["Location"],
        f"/drafts/{theirs.id}/save",
        f"/drafts/{theirs.id}/ask",
        f"/drafts/{theirs.id}/send",
        f"/drafts/{theirs.id}/give-back",
        f"/drafts/{theirs.id}/worry",
        f"/jobs/{job.id}/cancel",
        f"{reply.headers['Location']}take-back",
    ]:
        own_id = next(part for part in address.split("/") if len(part) == 36)
        missing = address.replace(own_id, str(uuid.uuid4()))
        before = DraftRevision.objects.count(), SuggestionJob.objects.filter(status="cancelled").count()
        answers = [answer_to(client_of(cast.robin), place) for place in (address, missing)]
        assert [answer.status_code for answer in answers] == [404, 404], address
        assert len(answers[0].content) == len(answers[1].content), address
        assert before == (DraftRevision.objects.count(), SuggestionJob.objects.filter(status="cancelled").count())


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def answer_to(client: Client, address: str) -> Page:
    answer = client.get(address)
    if answer.status_code != 405:
        return answer
    return client.post(address, {"text": "mine now", "base": 1, "client_key": uuid.uuid4(), "mode": "improve"})


# The import


@contextmanager
def import_of(folder: Path, *lines: bytes) -> Iterator[Path]:
    file = folder / "posts.jsonl"
    file.write_bytes(b"\n".join(lines))
    yield file


GOOD_LINE = json.dumps({"id": "good", "text": "I cook for two out of habit."}).encode()
BAD_LINES = {
    "text is nothing": b'{"id": "1", "text": ""}',
    "text holds a surrogate": b'{"id": "1", "text": "\\ud800"}',
    "text holds nul": b'{"id": "1", "text": "a\\u0000b"}',
    "id holds a surrogate": b'{"id": "\\ud800", "text": "Hello there."}',
    "id holds nul": b'{"id": "\\u0000", "text": "Hello there."}',
    "id is too long": json.dumps({"id": "1" * 201, "text": "Hello there."}).encode(),
    "id has no end": b'{"id": ' + b"9" * 6_000 + b', "text": "Hello there."}',
    "id is a list": b'{"id": ["1"], "text": "Hello there."}',
    "id is true": b'{"id": true, "text": "Hello there."}',
    "date before all calendars": b'{"id": "1", "text": "Hello.", "received_at": "0001-01-01T00:00:00+14:00"}',
    "date after all calendars": b'{"id": "1", "text": "Hello.", "received_at": "9999-12-31T23:59:59-14:00"}',
    "date is none": b'{"id": "1", "text": "Hello.", "received_at": "yesterday"}',
    "country holds a surrogate": b'{"id": "1", "text": "Hello.", "country": "\\ud800\\ud800"}',
    "language is a number": b'{"id": "1", "text": "Hello.", "language": 7}',
    "a list": b'["id", "text"]',
    "nothing but null": b"null",
    "deeply nested": b"[" * 100_000,
    "cut off": b'{"id": "1", "text": "Hel',
    "not UTF-8": b'{"id": "1", "text": "caf\xe9"}',
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_named_and_the_others_are_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes
) -> None:
    with import_of(tmp_path, line, GOOD_LINE) as file, pytest.raises(CommandError, match=r"1 line\(s\)"):
        call_command("import_posts", str(file))
    assert [post.external_id for post in Post.objects.all()] == ["good"]
    assert capsys.readouterr().err.startswith("line 1: ")


@named(hard_texts.KEPT)
def test_a_hard_text_is_imported_exactly(tmp_path: Path, text: str) -> None:
    with import_of(tmp_path, json.dumps({"id": "1", "text": text}).encode()) as file:
        call_command("import_posts", str(file))
    assert Post.objects.get().text == as_stored(text)


# The model's own words


@pytest.mark.model
def test_the_list_of_special_tokens_is_that_of_the_starter_model() -> None:
    from llama_cpp import LLAMA_TOKEN_ATTR_CONTROL, Llama, llama_cpp, llama_vocab_get_attr, llama_vocab_get_text

    load_backends(llama_cpp._lib)
    model = Llama(str(starter_model_file().path), vocab_only=True, verbose=False)
    vocabulary = model._model.vocab
    special = [
        llama_vocab_get_text(vocabulary, token).decode()
        for token in range(model.n_vocab())
        if llama_vocab_get_attr(vocabulary, token) & LLAMA_TOKEN_ATTR_CONTROL
    ]
    model.close()
    assert special == list(hard_texts.SPECIAL_TOKENS)


# Frames


JOB = "00000000-0000-4000-8000-000000000000"
SUBSCRIBE: dict[str, Any] = {"v": 1, "t": "subscribe", "job": JOB, "attempt": 0, "last_seq": 0}
BAD_FRAMES: dict[str, Any] = {
    "nothing": "",
    "not JSON": "subscribe",
    "half of it": json.dumps(SUBSCRIBE)[:-2],
    "null": "null",
    "a number": "1",
    "a list": [SUBSCRIBE],
    "deeply nested": "[" * 2_000 + "]" * 2_000,
    "deeply nested job": '{"v":1,"t":"subscribe","job":' + "[" * 2_000,
    "too large": SUBSCRIBE | {"more": "x" * 4096},
    "a megabyte": "x" * 1_000_000,
    "nul": "\x00",
    "surrogate in the job": SUBSCRIBE | {"job": "\ud800"},
    "surrogate in the type": SUBSCRIBE | {"t": "\ud800"},
    "no type": {"v": 1, "job": JOB},
    "no version": {"t": "subscribe", "job": JOB},
    "no job": {"v": 1, "t": "subscribe"},
    "unknown type": SUBSCRIBE | {"t": "send"},
    "type of the server": SUBSCRIBE | {"t": "chunk"},
    "type is a list": SUBSCRIBE | {"t": ["subscribe"]},
    "another version": SUBSCRIBE | {"v": 2},
    "version as text": SUBSCRIBE | {"v": "1"},
    "version is true": SUBSCRIBE | {"v": True},
    "job is a number": SUBSCRIBE | {"job": 1},
    "job is null": SUBSCRIBE | {"job": None},
    "job is a text": SUBSCRIBE | {"job": "all"},
    "seq is huge": SUBSCRIBE | {"last_seq": 2**31},
    "seq has no end": '{"v":1,"t":"subscribe","job":"' + JOB + '","last_seq":' + "9" * 3_900 + "}",
    "seq is negative": SUBSCRIBE | {"last_seq": -1},
    "seq is true": SUBSCRIBE | {"last_seq": True},
    "seq is a fraction": SUBSCRIBE | {"last_seq": 1.0},
    "seq is text": SUBSCRIBE | {"last_seq": "1"},
    "seq is nothing": SUBSCRIBE | {"last_seq": None},
    "seq is not a number": '{"v":1,"t":"subscribe","job":"' + JOB + '","last_seq":NaN}',
    "attempt is negative": SUBSCRIBE | {"attempt": -1},
    "attempt is true": SUBSCRIBE | {"attempt": True},
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_malformed_frame_closes_the_socket_with_its_code(cast: Cast, client: Client, frame: Any) -> None:
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client) as socket:
        await socket.say(frame)
        assert await socket.hear() == {"type": "websocket.close", "code": 4400}


@pytest.mark.django_db(transaction=True)
async def test_a_binary_frame_closes_the_socket_with_its_code(cast: Cast, client: Client) -> None:
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client) as socket:
        await socket.line.send_input({"type": "websocket.receive", "bytes": json.dumps(SUBSCRIBE).encode()})
        assert await socket.hear() == {"type": "websocket.close", "code": 4400}


@pytest.mark.django_db(transaction=True)
async def test_a_ninth_job_on_one_socket_is_too_many(cast: Cast, client: Client) -> None:
    drafts = [await database_sync_to_async(build.draft)(cast.wren) for _ in range(9)]
    jobs = [await database_sync_to_async(build.job)(draft) for draft in drafts]
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client) as socket:
        for job in jobs:
            await socket.say(SUBSCRIBE | {"job": str(job.id)})
        heard = [await socket.hear()]
        while heard[-1].get("type") != "websocket.close":
            heard.append(await socket.hear())
        assert heard[-1]["code"] == 4429


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["subscribe", "cancel"])
async def test_somebody_elses_job_and_a_missing_one_get_the_same_frame(cast: Cast, client: Client, kind: str) -> None:
    theirs = await database_sync_to_async(build.job)(await database_sync_to_async(build.draft)(cast.robin))
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client) as socket:
        heard = []
        for job in (str(theirs.id), JOB):
            await socket.say(SUBSCRIBE | {"t": kind, "job": job})
            heard.append(await socket.hear() | {"job": ""})
    assert heard[0] == heard[1]
    assert heard[0]["status"] == "missing"
    assert await database_sync_to_async(status_of)(theirs) == "queued"


def status_of(job: SuggestionJob) -> str:
    return SuggestionJob.objects.get(id=job.id).status


CLOSED: list[tuple[str, Callable[[Any], object], int]] = [
    ("closed account", lambda wren: User.objects.filter(pk=wren.pk).update(is_active=False), 4401),
    ("another role", lambda wren: wren.groups.set([Group.objects.get(name=Role.MODERATOR.value)]), 4403),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("why", "lose", "code"), CLOSED, ids=[one[0] for one in CLOSED])
async def test_what_a_page_sends_as_it_opens_does_nothing_on_a_socket_that_was_refused(
    cast: Cast, client: Client, why: str, lose: Callable[[Any], object], code: int
) -> None:
    """A browser knows of the refusal only after it sent: its frames are still there to be read."""
    job = await database_sync_to_async(build.job)(await database_sync_to_async(build.draft)(cast.wren))
    await database_sync_to_async(client.force_login)(cast.wren)
    await database_sync_to_async(lose)(cast.wren)
    async with Socket(client) as socket:
        for kind in ("subscribe", "cancel"):
            await socket.say(SUBSCRIBE | {"t": kind, "job": str(job.id)})
        assert await socket.hear() == {"type": "websocket.close", "code": code}
        assert await socket.line.receive_nothing(timeout=0.5)
    assert await database_sync_to_async(status_of)(job) == "queued", why


# A session that ends in mid-stream


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["signed out", "ran out"])
async def test_a_session_that_ends_in_mid_stream_ends_the_stream_and_keeps_the_text(
    cast: Cast, client: Client, how: str
) -> None:
    draft = await database_sync_to_async(build.draft)(cast.wren)
    job = await database_sync_to_async(build.job)(draft)
    await SuggestionJob.objects.aupdate(status="running", attempt=1, last_seq=1)
    await database_sync_to_async(SuggestionChunk.objects.create)(
        case=draft.case, job=job, attempt=1, seq=1, text="A first sentence. "
    )
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client) as socket:
        await socket.say(SUBSCRIBE | {"job": str(job.id)})
        assert [(await socket.hear())["t"] for _ in range(3)] == ["reset", "chunk", "state"]
        if how == "signed out":
            await Session.objects.all().adelete()
        else:
            await Session.objects.aupdate(expire_date=timezone.now() - timedelta(seconds=1))
        assert await socket.hear(seconds=6) == {"type": "websocket.close", "code": 4401}
    twin = await database_sync_to_async(client.get)(f"/jobs/{job.id}/stream", headers={"Accept": "application/json"})
    assert twin.status_code == 401
    answer = await database_sync_to_async(save)(client, draft, "written meanwhile")
    assert (answer.status_code, answer.json()["error"]) == (401, "signed_out")
    assert await database_sync_to_async(head_of)(draft) == build.KIND_DRAFT
    await database_sync_to_async(client.force_login)(cast.wren)
    assert (await database_sync_to_async(save)(client, draft, "written meanwhile")).status_code == 200
