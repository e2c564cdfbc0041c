"""The figures about safety are right, cheap, and hold no text; who looked at what is seen by oneself and by leads."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant import actions as writing
from assistant.actions import report
from assistant.models import AuditEvent, Reply, SuggestionJob
from assistant.safety.types import Level
from moderation import actions, safety_counts, safety_page
from moderation.models import Decision, Escalation, Flag
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db


def flag_of(level: int, *, opened: timedelta = timedelta(0), closed: timedelta | None = None) -> Flag:
    """A flag about a post of this level, opened and closed so long ago."""
    post = build.post_of_level(level)
    now = timezone.now()
    flags = Flag.objects.filter(post=post)
    flags.update(level=level, opened_at=now - opened)
    if closed is not None:
        flags.update(status=Flag.Status.DECIDED, closed_at=now - closed)
    return flags.get()


def look(flag: Flag, by: Any, *, after: timedelta) -> None:
    client = Client()
    client.force_login(by)
    assert client.get(f"/moderation/flags/{flag.id}/").status_code == 200
    AuditEvent.objects.filter(action="flag.viewed", object_id=str(flag.id)).update(at=flag.opened_at + after)


def hurtful_reply(cast: Cast, *, outcome: str = "") -> Flag:
    draft = build.draft(cast.wren)
    client = Client()
    client.force_login(cast.wren)
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    flag = Flag.objects.latest("opened_at")
    if outcome:
        actions.decide(
            flag, outcome=outcome, policy="other", by=cast.ash, reason="As it is.", danger=True, seen=flag.version
        )
    return flag


def values(code: str) -> list[dict[str, Any]]:
    found = safety_page.figure_of(code)
    assert found is not None, code
    return found.as_json(at=timezone.now())["rows"]  # type: ignore[return-value]


def test_the_queue_is_told_by_level_for_each_midnight_and_now(cast: Cast) -> None:
    flag_of(2, opened=timedelta(days=4), closed=timedelta(hours=30))
    flag_of(2, opened=timedelta(minutes=90))
    flag_of(4, opened=timedelta(days=40), closed=timedelta(days=20))
    rows = values("queue-2")
    assert len(rows) == safety_counts.DAYS + 1
    assert (rows[-1]["waiting"], rows[-1]["oldest_minutes"]) == (1, 90)
    assert [row["waiting"] for row in rows[:10]] == [0] * 10
    assert max(row["oldest_minutes"] or 0 for row in rows[10:-1]) > 24 * 60
    assert safety_page.figure_of("queue-4") is None  # nothing of it in these days
    assert safety_page.figure_of("queue-0") is not None


def test_the_first_look_is_the_first_of_all_and_those_who_wait_count(cast: Cast) -> None:
    for minutes in (1, 2, 3, 4, 10):
        flag = flag_of(3, opened=timedelta(hours=2), closed=timedelta(minutes=5))
        look(flag, cast.ash, after=timedelta(minutes=minutes))
        look(flag, cast.birch, after=timedelta(minutes=minutes))
    row = values("look")[0]
    assert (row["level"], row["flags"], row["p50_minutes"], row["p95_minutes"]) == (3, 5, 3, 10)
    for _ in range(5):
        flag_of(3, opened=timedelta(hours=1))
    row = values("look")[0]
    assert (row["flags"], row["unseen"], row["p50_minutes"], row["p90_minutes"]) == (10, 5, 10, None)
    assert row["in_time"] == 0.5  # within the policy's 15 minutes


def hand_over_page(flag: Flag, by: Any) -> None:
    client = Client()
    client.force_login(by)
    assert client.get(f"/moderation/hand-overs/{Escalation.objects.get(flag=flag).id}/").status_code == 200


def looks_at(level: int) -> tuple[int, int, int | None]:
    row = next(row for row in values("look") if row["level"] == level)
    return row["flags"], row["unseen"], row["p50_minutes"]


def test_the_page_of_a_hand_over_is_a_look_at_its_flag(cast: Cast) -> None:
    writing.hand_over_post(build.draft(cast.wren, level=3), by=cast.wren)
    flag = Flag.objects.get(escalated=True)
    assert looks_at(3) == (1, 1, None)
    hand_over_page(flag, cast.birch)
    Flag.objects.filter(id=flag.id).update(opened_at=timezone.now() - timedelta(minutes=7))
    Escalation.objects.update(at=timezone.now() - timedelta(minutes=7))
    assert looks_at(3) == (1, 0, 7)
    flag.refresh_from_db()
    look(flag, cast.birch, after=timedelta(minutes=3))
    assert looks_at(3) == (1, 0, 3)  # the first of both


def test_what_was_decided_from_the_queue_waited_until_then(cast: Cast) -> None:
    for _ in range(5):
        report(build.suggestion(build.draft(cast.wren)), by=cast.wren)
    Flag.objects.update(opened_at=timezone.now() - timedelta(hours=9))
    chosen = [(flag.id, flag.version) for flag in Flag.objects.all()]
    said = {"outcome": "close", "policy": "other", "reason": "As they should be.", "closed_as": "fine"}
    assert {result.code for result in actions.decide_together(chosen, by=cast.ash, **said)} == {"done"}
    row = values("look")[0]
    assert (row["flags"], row["unseen"], row["p50_minutes"]) == (5, 0, 9 * 60)


def test_what_its_author_took_back_waits_for_nobody(cast: Cast, client: Client) -> None:
    flag = hurtful_reply(cast)
    actions.escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    assert (values("queue-0")[-1]["waiting"], len(values("look")), len(values("handover"))) == (1, 1, 1)
    client.force_login(cast.wren)
    client.post(f"/replies/{flag.reply_id}/take-back")
    assert (values("queue-0")[-1]["waiting"], len(values("look")), len(values("handover"))) == (0, 0, 0)


def test_a_flag_that_was_just_opened_is_not_late(cast: Cast) -> None:
    flag_of(3)
    assert values("look")[0]["in_time"] is None


def test_a_hand_over_waits_until_a_lead_takes_it(cast: Cast) -> None:
    assert values("handover") == []
    flag = flag_of(3)
    actions.escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    Escalation.objects.update(at=timezone.now() - timedelta(minutes=7))
    assert values("handover") == [{"level": 3, "waiting": 1, "oldest_minutes": 7}]
    flag.refresh_from_db()
    actions.claim_flag(flag, by=cast.birch)
    assert values("handover") == []


def test_what_is_held_is_told_by_kind(cast: Cast) -> None:
    hurtful_reply(cast)
    build.post(build.URGENT_POST)
    assert {row["kind"]: row["held"] for row in values("held")} == {"post": 1, "suggestion": 0, "reply": 1}


def test_flags_are_counted_by_layer_and_code(cast: Cast) -> None:
    flag = hurtful_reply(cast)
    report(build.suggestion(build.draft(cast.robin)), by=cast.robin)
    codes = {row["code"]: row["count"] for row in values("codes")}
    assert codes == dict.fromkeys([*flag.codes, "person.reported"], 1)
    layers = {row["layer"]: row["count"] for row in values("layers")}
    assert layers["person"] == 1
    assert sum(layers.values()) == sum(codes.values())


def test_agreement_is_how_often_people_did_not_let_it_pass(cast: Cast) -> None:
    layer = "dismissal"
    for outcome in ["return", "reject", "return", "approve"]:
        assert layer in {code.split(".")[0] for code in hurtful_reply(cast, outcome=outcome).codes}
    actions.decide(
        flag_of(3), outcome="reject", policy="other", by=cast.birch, reason="Closed.", seen=1
    )  # a post says nothing of it
    row = next(row for row in values("agreement") if row["layer"] == layer)
    assert (row["decided"], row["upheld"], row["share"]) == (4, 3, 0.75)
    assert row["low"] == pytest.approx(0.3006, abs=0.0002)  # Wilson's, by statsmodels
    assert row["high"] == pytest.approx(0.9544, abs=0.0002)


def test_what_was_undone_says_nothing_of_a_check(cast: Cast) -> None:
    flag = hurtful_reply(cast, outcome="reject")
    assert values("agreement")
    actions.undo(Decision.objects.get(flag=flag), by=cast.ash)
    assert values("agreement") == []


def test_what_somebody_reported_is_no_detection(cast: Cast) -> None:
    report(build.suggestion(build.draft(cast.wren)), by=cast.wren)
    actions.decide(Flag.objects.get(), outcome="reject", policy="other", by=cast.ash, reason="Yes.", seen=1)
    assert values("agreement") == []


def test_errors_of_the_model_are_told_by_their_reason(cast: Cast) -> None:
    for reason in ("engine_away", "engine_away", "too_long"):
        job = build.job(build.draft(build.person(f"p{SuggestionJob.objects.count()}", Role.SUPPORTER)))
        SuggestionJob.objects.filter(id=job.id).update(status="failed", reason=reason, ended_at=timezone.now())
    build.suggestion(build.draft(cast.wren))
    assert {row["reason"]: row["count"] for row in values("errors")} == {"engine_away": 2, "too_long": 1}
    found = safety_page.figure_of("errors")
    assert found is not None
    assert found.chart.sentence == "3 of 4 requests for help failed."


@pytest.mark.parametrize(("share", "place"), [(0.0, 0), (0.01, 1), (0.2, 1), (0.21, 2), (0.8, 4), (0.81, 5), (1.0, 5)])
def test_the_models_share_falls_into_one_fifth(cast: Cast, client: Client, share: float, place: int) -> None:
    client.force_login(cast.wren)
    client.post(f"/drafts/{build.draft(cast.wren).id}/send", {"text": build.KIND_DRAFT, "base": 1})
    Reply.objects.update(model_share=share)
    assert [row["replies"] for row in values("share")] == [int(place == one) for one in range(6)]


def test_the_page_says_it_all_without_text_and_without_names(cast: Cast, client: Client) -> None:
    flag = hurtful_reply(cast)
    look(flag, cast.ash, after=timedelta(minutes=3))
    build.post(build.URGENT_POST)
    client.force_login(cast.willow)
    content = client.get("/moderation/safety/").content.decode().split("<main")[1]
    for word in (build.HURTFUL_REPLY[:30], build.URGENT_POST[:30], "wren", "ash"):
        assert word not in content
    codes = re.findall(r"/moderation/safety/([\w-]+)\.csv", content)
    assert {code.split("-")[0] for code in codes} == set(safety_page.MAKERS)


def test_bars_are_drawn_whatever_the_language_puts_between_digits(cast: Cast, client: Client) -> None:
    for _ in range(3):
        build.post(build.URGENT_POST)
    client.force_login(cast.willow)
    page = client.get("/moderation/safety/", headers={"Accept-Language": "es"}).content.decode()
    assert '<html lang="es"' in page
    places = re.findall(r'<rect[^>]* y="([^"]*)"', page)
    assert any(not float(place).is_integer() for place in places)  # a comma is no number here, and was no bar


def test_every_figure_has_its_files(cast: Cast, client: Client) -> None:
    hurtful_reply(cast, outcome="return")
    client.force_login(cast.birch)
    content = client.get("/moderation/safety/").content.decode()
    for code in re.findall(r"/moderation/safety/([\w-]+)\.csv", content):
        told = client.get(f"/moderation/safety/{code}.json").json()
        answer = client.get(f"/moderation/safety/{code}.csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{code}.csv"'
        assert told["figure"] == code
        assert [list(row) for row in told["rows"]] == [list(row) for row in rows]
    assert client.get("/moderation/safety/people.json").status_code == 404


def test_the_files_are_the_same_in_every_language(cast: Cast, client: Client) -> None:
    hurtful_reply(cast)
    client.force_login(cast.birch)
    english = client.get("/moderation/safety/held.csv").content
    spanish = client.get("/moderation/safety/held.csv", headers={"Accept-Language": "es"}).content
    assert english == spanish


def queries_of_the_page(client: Client) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get("/moderation/safety/").status_code == 200
    return len(queries)


def test_the_page_costs_the_same_number_of_queries_however_much_there_is(cast: Cast, client: Client) -> None:
    client.force_login(cast.birch)
    queries_of_the_page(client)  # fills what is kept between requests
    hurtful_reply(cast, outcome="return")
    look(flag_of(3), cast.birch, after=timedelta(minutes=1))
    few = queries_of_the_page(client)
    for level in (0, 1, 2, 3, 4) * 3:
        look(flag_of(level, opened=timedelta(hours=5)), cast.birch, after=timedelta(minutes=level))
        hurtful_reply(cast, outcome="reject")
    assert queries_of_the_page(client) <= few
    assert few <= 30


# Who looked at what


def test_heavy_cases_are_counted_once_for_who_opened_them(cast: Cast, client: Client) -> None:
    heavy = [flag_of(3), flag_of(4)]
    light = flag_of(2)
    client.force_login(cast.ash)
    for flag in (*heavy, *heavy, light):
        client.get(f"/moderation/flags/{flag.id}/")
    assert "You opened 2." in build.read(client.get("/moderation/looked-at/"))
    AuditEvent.objects.filter(action="flag.viewed", object_id=str(heavy[0].id)).update(
        at=timezone.now() - timedelta(days=8)
    )
    assert client.get("/moderation/looked-at/").context["own"].total == 1


def test_a_case_that_was_opened_as_a_hand_over_counts_and_only_once(cast: Cast, client: Client) -> None:
    writing.hand_over_post(build.draft(cast.wren, level=4), by=cast.wren)
    flag = Flag.objects.get(escalated=True)
    hand_over_page(flag, cast.birch)
    client.force_login(cast.birch)
    assert client.get("/moderation/looked-at/").context["own"].total == 1
    look(flag, cast.birch, after=timedelta(minutes=1))
    assert client.get("/moderation/looked-at/").context["own"].total == 1


def test_a_moderator_sees_the_own_number_alone_and_a_lead_all_by_name(cast: Cast) -> None:
    flag = flag_of(4)
    for person in (cast.ash, build.person("aster", Role.MODERATOR)):
        client = Client()
        client.force_login(person)
        client.get(f"/moderation/flags/{flag.id}/")
    assert client.get("/moderation/looked-at/").context["of_all"] is None
    assert "ash" not in build.read(client.get("/moderation/looked-at/"))
    client.force_login(cast.birch)
    for page in ("/moderation/looked-at/", "/moderation/safety/"):
        rows = client.get(page).context["of_all"]
        assert [(row["name"], row["counts"]) for row in rows] == [("ash", [0, 1]), ("aster", [0, 1])]


def test_an_admin_and_a_clinician_see_nobodys_number_but_their_own(cast: Cast, client: Client) -> None:
    look(flag_of(4), cast.ash, after=timedelta(minutes=1))
    for person, own in ((cast.willow, False), (build.person("linden", Role.CLINICIAN), True)):
        client.force_login(person)
        page = client.get("/moderation/safety/")
        assert page.context["of_all"] is None
        assert (page.context["own"] is not None) == own


def test_the_levels_of_the_page_are_those_of_the_ladder() -> None:
    assert set(safety_counts.queue_by_level(safety_counts.ends_of_days())) == set(Level)
