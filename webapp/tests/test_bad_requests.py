"""Every URL that changes something, with everything that can go wrong in a request. A 500 is always a defect."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import quote

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils.html import escape
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from assistant.models import AuditEvent, Post
from assistant.tests import hard_texts
from assistant.tests.hard_texts import of_length
from webapp.asgi import application
from webapp.studies.tests import building as studies
from webapp.test import KIND_DRAFT, PASSWORD
from webapp.tests.stage import KNOWN_FLAG, URLS, Stage, missing_id, undone

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

Page: TypeAlias = "_MonkeyPatchedWSGIResponse"
Thing = TypeVar("Thing")

# Hundreds of requests are one test, because the site they are sent to takes longer to make than most of them.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

# What each button takes, filled in so that it would be taken. A URL that takes POST and is missing here fails the run.
DRAFT = {"text": KIND_DRAFT, "base": "1"}
PASSWORDS = {"password1": "nine slow herons standing", "password2": "nine slow herons standing"}
JOINING = {
    "username": "heron",
    "email": "",
    "password": "nine slow herons standing",
    "password_again": "nine slow herons standing",
}
ITEM = '{"id": "new", "post": "The evenings are long.", "outputs": {"alone": "What do you like to cook?"}}'
FORMS: dict[str, dict[str, str]] = {
    "account_login": {"login": "wren", "password": "not this one", "next": "/posts/", "remember": ""},
    "account_logout": {"next": "/"},
    "account_signup": {"username": "heron", "email": ""} | PASSWORDS,
    "account_change_password": {"oldpassword": "not this one"} | PASSWORDS,
    "account_reset_password": {"email": "wren@example.org"},
    "account_reset_password_from_key": PASSWORDS,
    "account_reauthenticate": {"password": "not this one", "next": "/account/security/"},
    "mfa_authenticate": {"code": "123456"},
    "mfa_reauthenticate": {"code": "123456", "next": "/account/security/"},
    "mfa_reauthenticate_webauthn": {"credential": "{}", "next": "/account/security/"},
    "mfa_activate_totp": {"code": "123456"},
    "mfa_deactivate_totp": {},
    "mfa_add_webauthn": {"name": "My phone", "credential": "{}"},
    "mfa_remove_webauthn": {},
    "mfa_generate_recovery_codes": {},
    "accounts:quiet_hours": {"quiet_from": "22:00", "quiet_until": "07:00", "quiet_zone": "Europe/Dublin"},
    "accounts:end_own_sign_in": {},
    "accounts:end_other_sign_ins": {},
    "accounts:invitation": JOINING,
    "accounts:set_up": JOINING,
    "accounts:learning": {"agreed": "on", "wording": "1"},
    "accounts:language": {"language": "es"},
    "accounts:controls": {"keys_on": "on", "aloud": "finished", "key_use": "a"},
    "accounts:reset_controls": {},
    "accounts:invite": {"email": "heron@example.org", "roles": "supporter"},
    "accounts:invite_list": {"people": "heron@example.org, supporter", "only_right": ""},
    "accounts:withdraw_invitation": {},
    "accounts:change_roles": {"roles": "supporter"},
    "accounts:change_generate": {"allowed": "on"},
    "accounts:deactivate": {},
    "accounts:reactivate": {},
    "accounts:reset_second_factor": {},
    "accounts:end_persons_sign_in": {},
    "accounts:end_persons_sign_ins": {},
    "assistant:next_post": {},
    "assistant:enter_post": {"text": "The evenings are long.", "language": "en", "country": "IE", "human_only": ""}
    | {"may_be_learned_from": ""},
    "assistant:save_draft": DRAFT | {"origin": "typed"},
    "assistant:ask": DRAFT
    | {"client_key": "00000000-0000-4000-8000-000000000000", "mode": "generate", "reason": "No words today."}
    | {"goals": "warmer", "locked": ""},
    "assistant:check": DRAFT,
    "assistant:send": DRAFT,
    "assistant:set_country": {"country": "IE"},
    "assistant:give_back": {},
    "assistant:restore": {"base": "1"},
    "assistant:hand_over": DRAFT,
    "assistant:sentences": DRAFT | {"locked": "What do you like to cook?"},
    "assistant:worry": DRAFT | {"note": "They stopped answering in the middle of it.", "now": "1"},
    "assistant:cancel": {},
    "assistant:decide_change": DRAFT | {"verdict": "accepted", "reason": ""},
    "assistant:stop_kind": {},
    "assistant:suggest_kind_again": {},
    "assistant:choose_help": {"level": "hints", "draft": ""},
    "assistant:switch_numbers": {"counts": "on"},
    "assistant:delete_numbers": {},
    "assistant:add_goal": {"label": "Kinder close", "told": "End on something kind.", "measure": "warmth"},
    "assistant:change_goal": {"label": "Shorter", "told": "Make it much shorter.", "measure": "words", "version": "1"},
    "assistant:move_goal": {"by_places": "1"},
    "assistant:offer_goal": {"offered": "on"},
    "assistant:start_canary": {"held": "5", "failed": "5", "reported": "2", "first_words": "2", "errors": "3"}
    | {"dangerous": "1", "least_jobs": "20", "candidate": "warmer", "kind": "canary", "share": "10"}
    | {"most_jobs": "200", "most_days": "7"},
    "assistant:stop_canary": {},
    "assistant:see_canary": {},
    "assistant:report_suggestion": {},
    "assistant:take_back": {},
    "assistant:take_post": {},
    "assistant:choose_topics": {"topics": "loss"},
    "assistant:check_in": {"moment": "before", "feeling": "tired", "words": "The third night in a row."},
    "assistant:share_check_in": {"shared": "on"},
    "assistant:delete_check_in": {},
    "assistant:ask_to_talk": {},
    "assistant:take_back_talk": {},
    "assistant:take_up_talk": {},
    "assistant:pause": {},
    "assistant:go_on": {"quiet": "on"},
    "assistant:erase_care": {},
    "moderation:next": {},
    "moderation:together": {
        "chosen": f"{KNOWN_FLAG}:1",
        "outcome": "close",
        "policy": "crisis",
        "closed_as": "fine",
        "reason": "Fine.",
    },
    "moderation:claim": {},
    "moderation:renew": {},
    "moderation:end_claim": {},
    "moderation:pass": {},
    "moderation:take_over": {"taken_from": "1", "why": "They went home."},
    "moderation:decide": {
        "outcome": "edit",
        "policy": "dismissal",
        "closed_as": "",
        "reason": "Kinder words.",
        "edited_text": "I hear you.",
        "version": "1",
        "missed": "",
        "danger": "",
    },
    "moderation:write_golden": {
        "kind": "reply",
        "text": "You should have thought of that before.",
        "post_text": "I missed the last bus again.",
        "outcome": "return",
        "closed_as": "",
        "policy": "dismissal",
        "explanation": "It blames.",
    },
    "moderation:mark_golden": {
        "outcome": "return",
        "closed_as": "",
        "policy": "dismissal",
        "explanation": "It blames.",
    },
    "moderation:retire_golden": {},
    "moderation:begin_replay": {"review_at": "0.2", "urgent_at": "0.8", "last": "20"},
    "moderation:go_on_with_replay": {},
    "moderation:open_incident": {
        "title": "A reply left too soon",
        "severity": "2",
        "happened": "It was sent before anybody looked.",
        "links": "",
    },
    "moderation:add_to_incident": {"kind": "note", "text": "The next shift knows."},
    "moderation:link_to_incident": {"links": KNOWN_FLAG},
    "moderation:sign_off": {"note": "The test fails without the fix."},
    "moderation:ask_break_glass": {"about": KNOWN_FLAG, "reason": "A complaint came in about this case."},
    "moderation:answer_break_glass": {"answer": "allow"},
    "moderation:review_break_glass": {"outcome": "justified", "note": "The complaint was answered."},
    "moderation:answer": {"answer": "refuse", "reason": "Not yet.", "version": "2"},
    "moderation:note": {"text": "Spoke with them on Monday."},
    "moderation:undo": {},
    "moderation:undo_together": {"chosen": f"{KNOWN_FLAG}:1"},
    "moderation:appeal": {"words": "It says first what they feel."},
}
FORMS |= {
    "panel:draw": {},
    "panel:mark": {"verdict": "concern", "note": "It is a little stiff."},
    "panel:sign": {"verdict": "signed", "reason": "It keeps to the draft.", "days": "90", "study": ""},
    "panel:withdraw": {},
    "panel:propose": {"reason": "The active one repeats itself."},
    "panel:answer": {"answer": "confirm"},
    "moderation:acknowledge": {},
    "moderation:take_hand_over": {"taken_from": "", "why": "They went home."},
    "moderation:give_up_hand_over": {},
    "moderation:end_hand_over": {"outcome": "helpline", "note": "They wrote back."},
    "moderation:reopen_hand_over": {},
    "moderation:add_shift": {"person": "robin", "line": "lead", "place": "1", "weeks": "1"}
    | {"starts_at": "2026-12-01T18:00", "ends_at": "2026-12-01T23:00"},
    "moderation:remove_shift": {},
    "moderation:out_of_hours": {"text": "Somebody is here from six to eleven in the evening."},
    "moderation:test_alert": {},
}
RATED = dict.fromkeys(("readability", "empathy", "connection", "actionability", "safety"), "4")
REMARK = {"words": "0:0-7", "dimension": "empathy", "note": "It says first what they feel."}
FORMS |= {
    "studies:rate_consent": {"agreed": "on", "wording": hashlib.sha256(studies.CONSENT.encode()).hexdigest()},
    "studies:rate_training": {"may_train": "on"},
    "studies:rate_withdraw": {"sure": "on"},
    "studies:rate_text": RATED | {"seen": "", "seconds": "12.5"},
    "studies:rate_skip": {"reason": "unclear", "seen": ""},
    "studies:rate_comment": RATED | REMARK,
    "studies:rate_delete_comment": RATED | {"seconds": "12.5"},
    "studies:research_start": {"name": "A second one", "question": "Does it help?", "form": "scales"},
    "studies:research_question": {"name": "Another name", "question": "Does it help?", "form": "pairs"},
    "studies:research_size": {"lay_ratings": "2", "clinician_ratings": "1", "most_per_rater": "30", "seed": "7"},
    "studies:research_promise": {
        "candidate": "improved",
        "reference": "alone",
        "dimension": "empathy",
        "margin": "0.5",
    },
    "studies:research_consent": {"consent": "You read replies and may stop at any time.", "pairs_for_training": "on"},
    "studies:research_arms": {"key": "third", "kind": "reference", "version": ""},
    "studies:research_remove_arm": {},
    "studies:research_items": {"lines": ITEM},
    "studies:research_pick": {"count": "5", "seed": "1"},
    "studies:research_write": {},
    "studies:research_remove_item": {},
    "studies:research_allow": {"reason": "Raters are to show that they see it."},
    "studies:research_leave_out": {},
    "studies:research_raters": {"name": "sorrel", "panel": "lay", "credentials": "peer supporter"},
    "studies:research_remove_rater": {},
    "studies:research_open": {},
    "studies:research_pause": {},
    "studies:research_resume": {},
    "studies:research_close": {},
    "studies:research_erase": {"name": "Ready"},
    "studies:research_make_report": {},
}
FIELDS = [(name, field) for name, form in FORMS.items() for field in form]
TEXTS = (
    hard_texts.KEPT
    | hard_texts.CONTROLS
    | hard_texts.EMPTY
    | {
        "at the limit of a draft": of_length(settings.MAX_DRAFT),
        "over the limit of a draft": of_length(settings.MAX_DRAFT + 1),
        "over the limit of a post": of_length(settings.MAX_POST + 1),
        "a number without end": "9" * 5_000,
        "negative": "-1",
        "a fraction": "1e999",
    }
)
LETTERS = [
    ("accounts:invite_list", "people"),
    ("assistant:enter_post", "text"),
    ("assistant:save_draft", "text"),
    ("assistant:ask", "text"),
    ("assistant:check", "text"),
    ("assistant:send", "text"),
    ("assistant:worry", "text"),
    ("assistant:worry", "note"),
    ("assistant:check_in", "words"),
    ("assistant:add_goal", "told"),
    ("assistant:change_goal", "told"),
    ("moderation:together", "reason"),
    ("moderation:take_over", "why"),
    ("moderation:take_hand_over", "why"),
    ("moderation:decide", "reason"),
    ("moderation:decide", "edited_text"),
    ("moderation:write_golden", "text"),
    ("moderation:write_golden", "post_text"),
    ("moderation:write_golden", "explanation"),
    ("moderation:mark_golden", "explanation"),
    ("moderation:open_incident", "title"),
    ("moderation:open_incident", "happened"),
    ("moderation:open_incident", "links"),
    ("moderation:add_to_incident", "text"),
    ("moderation:link_to_incident", "links"),
    ("moderation:sign_off", "note"),
    ("moderation:ask_break_glass", "reason"),
    ("moderation:review_break_glass", "note"),
    ("moderation:answer", "reason"),
    ("moderation:note", "text"),
    ("moderation:appeal", "words"),
    ("studies:rate_comment", "note"),
    ("studies:research_start", "name"),
    ("studies:research_question", "question"),
    ("studies:research_consent", "consent"),
    ("studies:research_items", "lines"),
    ("studies:research_allow", "reason"),
    ("studies:research_raters", "credentials"),
    ("panel:mark", "note"),
    ("panel:sign", "reason"),
    ("panel:propose", "reason"),
]
AS_SCRIPT = {"Accept": "application/json"}


def some_of(things: Mapping[str, Thing], beginning: int, *, apart: int) -> dict[str, Thing]:
    """What one form meets every day, where not every form can meet everything: the next beginning has the next ones."""
    return {
        title: thing for number, (title, thing) in enumerate(things.items(), start=beginning) if number % apart == 0
    }


def some_texts(beginning: int) -> dict[str, str]:
    return some_of(TEXTS, beginning, apart=29)


def many_texts(beginning: int) -> dict[str, str]:
    return some_of(TEXTS, beginning, apart=3)


PARTS = 4  # of a long walk: one stage for each


def is_an_answer(answer: Page) -> bool:
    """No error of ours, and never a refusal without a word."""
    return answer.status_code < 500 and (answer.status_code < 400 or bool(answer.content.strip()))


def test_every_url_that_takes_a_form_is_in_the_table(stage: Stage) -> None:
    taking = set()
    for name in URLS:
        with undone():
            if stage.client_for(name).post(stage.address(name)).status_code != 405:
                taking.add(name)
    assert taking == set(FORMS)


def test_what_the_table_fills_in_is_taken(stage: Stage) -> None:
    """Else the walks below would only ever see the first refusal."""
    expected = {"accounts:set_up": 404, "accounts:invite": 200, "accounts:invite_list": 200, "account_login": 200}
    expected |= {"mfa_reauthenticate": 200, "mfa_activate_totp": 200, "mfa_add_webauthn": 200}
    expected |= {"assistant:check": 200, "assistant:sentences": 200}
    expected |= {"studies:rate_comment": 200, "studies:rate_delete_comment": 200}  # so that what was chosen stays
    expected |= {
        "moderation:together": 200,
        "moderation:undo_together": 200,
        "moderation:renew": 200,
    }  # answered in place
    expected |= {"studies:research_pick": 422}  # no finished reply to which both agreed
    expected |= {"account_change_password": 200, "account_reset_password_from_key": 200}
    for name, form in FORMS.items():
        with undone():
            answer = stage.client_for(name).post(stage.address(name), form)
        assert answer.status_code == expected.get(name, 302), name


def take_or_refuse(stage: Stage, name: str, field: str, texts: Mapping[str, str]) -> None:
    """Every second one as the page's script sends it; the next field begins with the other half."""
    address = stage.address(name)
    for title, text in texts.items():
        as_script = (FIELDS.index((name, field)) + list(TEXTS).index(title)) % 2
        with undone():
            answer = stage.client_for(name).post(
                address, FORMS[name] | {field: text}, headers=AS_SCRIPT if as_script else {}
            )
        assert is_an_answer(answer), (name, field, title, answer.status_code)
        ours = name.startswith(("assistant:", "moderation:"))
        if ours and answer.headers["Content-Type"] == "application/json" and answer.status_code >= 400:
            assert answer.json()["message"].strip().endswith("."), (name, field, title)


def test_every_field_takes_or_refuses_some_hard_texts_and_each_comes_to_some_field(stage: Stage) -> None:
    for number, (name, field) in enumerate(FIELDS):
        take_or_refuse(stage, name, field, some_texts(number))


@pytest.mark.deep
@pytest.mark.parametrize("part", range(PARTS))
def test_every_field_takes_or_refuses_a_third_of_the_hard_texts(stage: Stage, part: int) -> None:
    for number in range(part, len(FIELDS), PARTS):
        take_or_refuse(stage, *FIELDS[number], many_texts(number))


def come_back(stage: Stage, name: str, field: str, texts: Mapping[str, str]) -> None:
    for title, text in texts.items():
        with undone():
            answer = stage.client_for(name).post(stage.address(name), FORMS[name] | {field: text})
        if answer.status_code >= 400:
            assert escape(text) in answer.content.decode(), (name, field, title)


def test_some_letters_that_are_refused_come_back_on_the_page(stage: Stage) -> None:
    for number, (name, field) in enumerate(LETTERS):
        come_back(stage, name, field, some_texts(number) | hard_texts.EMPTY)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(PARTS))
def test_many_letters_that_are_refused_come_back_on_the_page(stage: Stage, part: int) -> None:
    for number in range(part, len(LETTERS), PARTS):
        come_back(stage, *LETTERS[number], many_texts(number))


def refuse_bytes(stage: Stage, name: str, no_letters: Mapping[str, bytes]) -> None:
    before, client = AuditEvent.objects.count(), stage.client_for(name)
    for title, broken in no_letters.items():
        body = b"text=" + broken + b"&base=1"
        for headers in ({}, AS_SCRIPT):
            answer = client.post(
                stage.address(name), body, content_type="application/x-www-form-urlencoded", headers=headers
            )
            assert answer.status_code == 400, (name, title)
            assert b"arrive" in answer.content, (name, title)
    assert AuditEvent.objects.count() == before, name


def test_bytes_that_are_no_letters_are_refused(stage: Stage) -> None:
    for number, name in enumerate(FORMS):
        refuse_bytes(stage, name, some_of(hard_texts.NOT_UTF8, number, apart=6))


@pytest.mark.deep
def test_all_bytes_that_are_no_letters_are_refused_everywhere(stage: Stage) -> None:
    for name in FORMS:
        refuse_bytes(stage, name, hard_texts.NOT_UTF8)


BODIES = {
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "another boundary": ("multipart/form-data; boundary=x", b"--y\r\n\r\n--y--"),
    "cut off": ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhe'),
    "a file": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\nhe\r\n--x--\r\n',
    ),
    "not UTF-8": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\ncaf\xe9\r\n--x--\r\n',
    ),
    "another charset": ("application/x-www-form-urlencoded; charset=utf-16", b"text=a&base=1"),
    "a charset that is none": ("application/x-www-form-urlencoded; charset=nonsense", b"text=a&base=1"),
    "too many fields": ("application/x-www-form-urlencoded", b"&".join(b"text=a" for _ in range(60))),
    "JSON": ("application/json", b'{"text": "a", "base": 1}'),
    "JSON that is none": ("application/json", b"[" * 10_000),
    "no type": ("", b"text=a"),
    "a type that is none": ("\x00/\xff", b"text=a"),
}


def answer_bodies(stage: Stage, name: str, bodies: Mapping[str, tuple[str, bytes]]) -> None:
    for title, (content_type, body) in bodies.items():
        with undone():
            answer = stage.client_for(name).generic("POST", stage.address(name), body, content_type)
        assert is_an_answer(answer), (name, title)


def test_a_body_of_another_kind_is_no_error_of_ours(stage: Stage) -> None:
    for number, name in enumerate(FORMS):
        answer_bodies(stage, name, some_of(BODIES, number, apart=12))


@pytest.mark.deep
def test_all_bodies_of_another_kind_are_no_error_of_ours(stage: Stage) -> None:
    for name in FORMS:
        answer_bodies(stage, name, BODIES)


TOKENS = {"short": "x", "another": "a" * 64, "no letter": "\x00"}


def test_a_form_without_the_right_token_changes_nothing(stage: Stage) -> None:
    before = AuditEvent.objects.count()
    for number, name in enumerate(FORMS):
        client = stage.client_for(name, enforce_csrf_checks=True)
        wrong = [{"csrfmiddlewaretoken": token} for token in some_of(TOKENS, number, apart=3).values()]
        for more in ({}, *wrong):
            answer = client.post(stage.address(name), FORMS[name] | more)
            assert answer.status_code == 403, name
            assert "grown old" in answer.content.decode(), name
    assert AuditEvent.objects.count() == before


def test_an_id_that_is_not_there_is_not_found(stage: Stage) -> None:
    for name, parts in URLS.items():
        ids = [part for part in parts if part.endswith("_id")]
        if not ids:
            continue
        address = stage.address(name, **{part: missing_id() for part in ids})
        client = stage.client_for(name)
        with undone():
            answer = client.get(address)
            answer = client.post(address, FORMS[name]) if answer.status_code == 405 else answer
        assert answer.status_code == 404, name


@pytest.mark.parametrize("name", ["accounts:invitation", "accounts:set_up", "account_reset_password_from_key"])
def test_a_link_that_nobody_made_is_no_error_of_ours(stage: Stage, name: str) -> None:
    place = re.sub(r"(x-y|TOKEN)/$", "", stage.address(name, token="TOKEN", key="x-y"))
    for title, text in TEXTS.items():
        # An address line is at most a few thousand bytes.
        address = place + quote(text[:1_000], safe="") + "/"
        for answer in (Client().get(address), Client().post(address, FORMS[name])):
            cache.clear()  # the limits of trying
            assert answer.status_code in (200, 301, 302, 400, 404), title


@pytest.mark.parametrize("index", ["9" * 400, "32768", "00", "-1", "x"])
def test_a_change_that_does_not_exist_is_not_found_or_refused(stage: Stage, index: str) -> None:
    address = stage.address("assistant:decide_change").removesuffix("0") + index
    answer = stage.client_for("assistant:decide_change").post(address, FORMS["assistant:decide_change"])
    assert answer.status_code == (302 if index == "00" else 404)


PLACES = [
    "/%00",
    "/%ff%fe/",
    "/..%2f..%2fetc/passwd",
    "/%e2%80%ae/",
    "/drafts/%00/",
    "/" + "a" * 8_000,
    "//evil.example/",
]


@pytest.mark.parametrize("place", PLACES)
def test_an_address_that_leads_nowhere_is_not_found(stage: Stage, place: str) -> None:
    assert stage.client_for("home").get(place).status_code in (302, 404)


PAGES = [*(name for name in URLS if name not in FORMS), "account_login"]


def ignore(stage: Stage, name: str, texts: Mapping[str, str]) -> None:
    for title, text in texts.items():
        query = dict.fromkeys(
            (
                "next",
                "after",
                "attempt",
                "page",
                "upto",
                "level",
                "kind",
                "policy",
                "noticed",
                "language",
                "age",
                "claimed",
            ),
            text[:1_000],
        )
        assert is_an_answer(stage.client_for(name).get(stage.address(name), query)), (name, title)


def test_a_page_ignores_what_some_queries_do_not_mean(stage: Stage) -> None:
    for number, name in enumerate(PAGES):
        ignore(stage, name, some_texts(number))


@pytest.mark.deep
@pytest.mark.parametrize("part", range(PARTS))
def test_a_page_ignores_what_many_queries_do_not_mean(stage: Stage, part: int) -> None:
    for number in range(part, len(PAGES), PARTS):
        ignore(stage, PAGES[number], many_texts(number))


COOKIES = ["x", "a" * 5_000, '"aaaaaaaa\\000aaaa"', "\udcff" * 3, "é" * 40, "../../etc", "{}"]


@pytest.mark.parametrize("cookie", COOKIES, ids=range(len(COOKIES)))
@pytest.mark.parametrize("name", ["session", "csrf", "messages"])
def test_a_cookie_that_we_did_not_make_is_no_session(cast: object, name: str, cookie: str) -> None:
    line = f"{name}={cookie}".encode("utf-8", "surrogateescape").decode("latin-1")
    for method in ("get", "post"):
        answer = getattr(Client(), method)("/posts/", headers={"Cookie": line})
        assert answer.status_code == 302
    assert Client().get("/sign-in/", headers={"Cookie": line}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost:x", "a b", "[::1", "", "localhost@evil.example"])
def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    assert Client().get("/sign-in/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("page", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\x00//evil"])
def test_signing_in_leads_to_no_other_site(stage: Stage, page: str) -> None:
    cache.clear()
    answer = Client().post("/sign-in/", {"login": "robin", "password": PASSWORD, "next": page})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


# A request that is too large


async def ask(body: list[bytes], *headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
    """Post to the ASGI application, piece by piece, as a server does whatever Content-Length says."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/sign-in/",
        "raw_path": b"/sign-in/",
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded"), *headers],
    }
    line: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    for number, piece in enumerate(body, start=1):
        await line.send_input({"type": "http.request", "body": piece, "more_body": number < len(body)})
    start = await line.receive_output(timeout=10)
    answer = b""
    more = True
    while more:
        message = await line.receive_output(timeout=10)
        answer += message.get("body", b"")
        more = message.get("more_body", False)
    await line.wait()
    return start["status"], answer


MEBIBYTE = 1024 * 1024
TOO_LARGE = [b"text=" + b"a" * 65_531, *[b"a" * 65_536] * 16]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "stated", [None, b"10", b"0", b"-1", b"x", b"9" * 30, str(MEBIBYTE + 1).encode(), str(17 * 65_536).encode()]
)
async def test_a_request_over_a_mebibyte_is_refused_whatever_it_states(stated: bytes | None) -> None:
    status, said = await ask(TOO_LARGE, *([(b"content-length", stated)] if stated is not None else []))
    assert status == 413
    assert b"1 MiB" in said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("accept", "expected"), [(b"text/html", b"Go back: your text"), (b"application/json", b'"too')]
)
async def test_a_browser_that_states_its_size_gets_words(accept: bytes, expected: bytes) -> None:
    status, said = await ask(TOO_LARGE, (b"content-length", str(17 * 65_536).encode()), (b"accept", accept))
    assert status == 413
    assert expected in said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stated", [True, False])
async def test_a_request_of_a_mebibyte_is_read(stated: bool) -> None:
    body = [b"csrfmiddlewaretoken=" + b"a" * (MEBIBYTE - 20)]
    status, _said = await ask(body, *([(b"content-length", str(MEBIBYTE).encode())] if stated else []))
    assert status == 403  # read, and refused for its token


@pytest.mark.django_db(transaction=True)
async def test_the_saved_draft_survives_a_request_that_was_too_large() -> None:

    stage = await database_sync_to_async(Stage)()
    client = await database_sync_to_async(stage.client_for)("assistant:save_draft")
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode()
    status, _said = await ask(TOO_LARGE, (b"cookie", cookie))
    assert status == 413
    head = await database_sync_to_async(stage.draft.head)()
    assert head is not None
    assert head.text


# Anything at all


ANYTHING = st.text(max_size=300) | st.sampled_from(list(TEXTS.values()))


@pytest.mark.deep
@effort(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.sampled_from(FIELDS), text=ANYTHING, as_script=st.booleans(), data=st.data())
def test_no_form_makes_the_site_fail(
    stage: Stage, chosen: tuple[str, str], text: str, as_script: bool, data: st.DataObject
) -> None:
    name, field = chosen
    form = dict(FORMS[name])
    for dropped in data.draw(st.sets(st.sampled_from(sorted(form)), max_size=2)):
        del form[dropped]
    form[field] = text.encode("utf-8", "ignore").decode()  # a form cannot carry the rest
    with undone():
        answer = stage.client_for(name).post(stage.address(name), form, headers=AS_SCRIPT if as_script else {})
        assert is_an_answer(answer)
        if name == "assistant:enter_post" and answer.status_code == 302:
            stored = Post.objects.latest("stored_at", "received_at")
            if field == "text":
                assert stored.text == hard_texts.as_stored(form[field])
