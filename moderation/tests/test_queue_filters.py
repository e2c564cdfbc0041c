"""Filters narrow what is shown, count what they would show, and never hide that something urgent is outside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant.actions import report, send_reply
from assistant.safety.phases import build_phases
from moderation.actions import answer_proposal, claim_flag, decide
from moderation.areas import BY
from moderation.models import Flag
from moderation.policies import POLICIES, met_by_codes
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(cast: Cast, client: Client) -> Client:
    """An urgent post of level 4, a Spanish one of level 1 from yesterday, a held reply, a reported suggestion."""
    build.post(build.URGENT_POST)
    quiet = Flag.objects.get(post=build.post(build.WORRYING_POST, language="es"))
    Flag.objects.filter(id=quiet.id).update(opened_at=timezone.now() - timedelta(days=2))
    draft = build.draft(cast.wren, text=build.HURTFUL_REPLY)
    send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    report(build.suggestion(build.draft(cast.robin)), by=cast.robin)
    client.force_login(cast.ash)
    return client


def shown(client: Client, **query: str) -> list[str]:
    return [row["kind"] for row in client.get("/moderation/", query).context["flags"]]


def counts(client: Client, name: str, **query: str) -> dict[str, int]:
    groups = client.get("/moderation/", query).context["filters"]
    return {
        option["value"]: option["count"] for group in groups if group["name"] == name for option in group["options"]
    }


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({}, ["post", "reply", "post", "suggestion"]),
        ({"level": "4"}, ["post"]),
        ({"level": "0"}, ["reply", "suggestion"]),
        ({"kind": "suggestion"}, ["suggestion"]),
        ({"policy": "medical"}, []),
        ({"policy": "dismissal"}, ["reply"]),
        ({"policy": "crisis"}, ["post", "post"]),
        ({"policy": "other"}, ["suggestion"]),
        ({"noticed": "rules"}, ["post", "reply", "post"]),
        ({"noticed": "people"}, ["suggestion"]),
        ({"policy": "crisis", "noticed": "people"}, []),
        ({"language": "es"}, ["post"]),
        ({"language": "en"}, ["post", "reply", "suggestion"]),
        ({"age": "hour"}, ["post", "reply", "suggestion"]),
        ({"age": "older"}, ["post"]),
        ({"age": "day"}, []),
        ({"claimed": "free"}, ["post", "reply", "post", "suggestion"]),
        ({"claimed": "mine"}, []),
        ({"level": "4", "kind": "reply"}, []),
        ({"kind": "post", "language": "es"}, ["post"]),
        (
            {"level": "9", "kind": "x", "policy": "x", "noticed": "x", "age": "x", "claimed": "x"},
            ["post", "reply", "post", "suggestion"],
        ),
        ({"language": "xx"}, []),
    ],
)
def test_filters_narrow_and_combine(desk: Client, query: dict[str, str], kinds: list[str]) -> None:
    assert shown(desk, **query) == kinds


def test_who_reviews_is_a_filter(desk: Client, cast: Cast) -> None:
    mine, others = Flag.objects.filter(post__isnull=False)
    claim_flag(mine, by=cast.ash)
    claim_flag(others, by=cast.birch)
    assert counts(desk, "claimed") == {"free": 2, "mine": 1, "others": 1}
    for whose, flag in (("mine", mine), ("others", others)):
        rows = desk.get("/moderation/", {"claimed": whose}).context["flags"]
        assert [row["id"] for row in rows] == [flag.id]
    Flag.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert shown(desk, claimed="mine") == []
    assert len(shown(desk, claimed="free")) == 4


def test_what_waits_for_a_second_person_is_found_claimed_or_not(desk: Client, cast: Cast) -> None:
    assert "second" not in counts(desk, "claimed")
    flag = Flag.objects.get(level=4)
    decide(flag, outcome="approve", policy="crisis", by=cast.birch, reason="Somebody writes now.", danger=False, seen=1)
    assert counts(desk, "claimed") == {"free": 4, "second": 1}
    flag.refresh_from_db()
    claim_flag(flag, by=cast.ash)
    assert counts(desk, "claimed") == {"free": 3, "mine": 1, "second": 1}
    for query in ({"claimed": "second"}, {"claimed": "second", "kind": "post", "level": "4"}):
        rows = desk.get("/moderation/", query).context["flags"]
        assert [(row["id"], row["waits_for_second"]) for row in rows] == [(flag.id, True)]
    assert "Needs a second person" in build.read(desk.get("/moderation/"))
    flag.refresh_from_db()
    answer_proposal(flag, confirmed=False, by=cast.ash, reason="Not yet.", seen=flag.version)
    assert shown(desk, claimed="second") == []


def test_each_value_counts_what_a_click_on_it_would_show(desk: Client) -> None:
    for chosen in ({}, {"kind": "post"}, {"kind": "post", "level": "4"}, {"policy": "crisis"}, {"noticed": "people"}):
        groups: list[dict[str, Any]] = desk.get("/moderation/", chosen).context["filters"]
        for group in groups:
            for option in group["options"]:
                query = chosen | {group["name"]: option["value"]}
                assert option["count"] == len(shown(desk, **query)), query


def test_a_click_on_the_value_that_is_chosen_takes_it_back(desk: Client) -> None:
    groups = desk.get("/moderation/", {"kind": "post", "level": "4"}).context["filters"]
    (level,) = (
        option for group in groups for option in group["options"] if group["name"] == "level" and option["current"]
    )
    assert level["query"] == "kind=post"


def test_what_is_urgent_outside_the_filters_is_said(desk: Client) -> None:
    assert "outside th" not in build.read(desk.get("/moderation/"))  # these filters, or them
    page = build.read(desk.get("/moderation/rows", {"kind": "suggestion"}))
    assert "1 urgent post is outside these filters. 1 text is held outside them. Show all that is open" in page
    assert "1 urgent post is outside" in build.read(desk.get("/moderation/", {"language": "es"}))
    assert "urgent post" not in build.read(desk.get("/moderation/", {"level": "4"}))


def test_escalated_flags_are_counted_for_those_who_decide_them_alone(desk: Client, cast: Cast) -> None:
    Flag.objects.filter(level=4).update(escalated=True)
    assert desk.get("/moderation/").context["total"] == 3
    assert "urgent post" not in build.read(desk.get("/moderation/", {"kind": "suggestion"}))
    desk.force_login(cast.birch)
    assert desk.get("/moderation/").context["total"] == 4


@pytest.mark.parametrize(
    ("codes", "policies", "noticed"),
    [
        (["crisis.plan"], {"crisis"}, {"rules"}),
        (["person.worried"], {"crisis"}, {"people"}),
        (["person.reported"], {"other"}, {"people"}),
        (["second_reader.risk"], {"crisis"}, {"model"}),
        (["classifier.danger", "methods.names", "length.short"], {"crisis", "methods"}, {"classifier", "rules"}),
        (["boundaries.only_me", "person.reported"], {"contact"}, {"rules", "people"}),
        (["sample.unflagged"], {"other"}, {"sample"}),
        (["gone.before"], {"other"}, set()),
    ],
)
def test_what_a_flag_is_about_is_told_alike_by_the_rows_and_by_the_count(
    desk: Client, codes: list[str], policies: set[str], noticed: set[str]
) -> None:
    Flag.objects.filter(level=4).update(codes=codes)
    Flag.objects.exclude(level=4).delete()
    assert set(counts(desk, "policy", policy="other")) == policies | {"other"}
    assert set(counts(desk, "noticed", noticed="sample")) == noticed | {"sample"}
    for policy in POLICIES:
        assert bool(shown(desk, policy=policy.code)) == (policy.code in policies)
    for whom in BY:
        assert bool(shown(desk, noticed=whom)) == (whom in noticed)


def test_the_policies_are_called_as_they_are_when_deciding(desk: Client) -> None:
    labels = {policy.code: policy.label for policy in POLICIES}
    (group,) = (one for one in desk.get("/moderation/").context["filters"] if one["name"] == "policy")
    assert [(one["value"], one["label"], one["count"]) for one in group["options"]] == [
        (code, labels[code], number) for code, number in (("crisis", 2), ("dismissal", 1), ("other", 1))
    ]


def test_every_phase_notices_something() -> None:
    phases = {phase.name for phase in build_phases()}
    assert phases <= BY["rules"] | BY["classifier"] | BY["model"]
    assert met_by_codes([]) == {"other"}
