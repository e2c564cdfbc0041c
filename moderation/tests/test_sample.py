"""A random share of what nothing flagged is read by people, and what they find bounds what is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assistant import triage
from assistant.models import Post
from moderation import sample
from moderation.models import Decision, Flag
from webapp import test as build
from webapp.test import Cast

# The 95 % point of the beta distribution with missed + 1 and read - missed, computed with scipy.
BOUNDS = [(0, 1, 0.95), (0, 20, 0.139108), (0, 59, 0.049508), (1, 20, 0.216106), (2, 10, 0.506901), (5, 100, 0.102253)]


@pytest.mark.parametrize(("missed", "read", "bound"), BOUNDS)
def test_the_bound_is_clopper_and_pearsons(missed: int, read: int, bound: float) -> None:
    assert sample.upper_bound(missed, read) == pytest.approx(bound, abs=2e-6)


def test_nothing_read_and_everything_missed_bound_nothing() -> None:
    assert sample.upper_bound(0, 0) == sample.upper_bound(7, 7) == 1.0


def test_more_misses_than_readings_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="want 0 to 3"):
        sample.upper_bound(4, 3)


def test_the_share_is_that_of_the_policy() -> None:
    most = 1_000_000
    places = iter(range(0, most, 1_000))
    drawn = sum(triage.is_sampled(draw=lambda _most: next(places)) for _ in range(1_000))
    assert drawn == 50  # 5 % of the 1,000 places


# Through the site

pytest_db = pytest.mark.django_db


@pytest_db
def test_a_drawn_post_opens_the_lowest_flag_and_goes_on_waiting(cast: Cast, client: Client) -> None:
    row = build.post(draw=build.drawn)
    build.post(build.WORRYING_POST)
    flag = Flag.objects.get(post=row)
    assert (flag.severity, flag.codes, row.status, row.tier) == (1, [triage.SAMPLED], "waiting", "none")
    client.force_login(cast.ash)
    shown = client.get("/moderation/").context["flags"]
    assert [entry["severity_label"] for entry in shown] == ["To look at", "Sample"]
    assert shown[-1]["reasons"] == [triage.REASONS[triage.SAMPLED]]


@pytest_db
def test_what_was_flagged_is_never_drawn() -> None:
    for text in (build.WORRYING_POST, build.URGENT_POST):
        row = build.post(text, draw=build.drawn)
        assert triage.SAMPLED not in Flag.objects.get(post=row).codes


def decide(client: Client, flag: Flag, **fields: Any) -> Any:
    form = {"outcome": "close", "closed_as": "fine", "policy": "crisis", "reason": "Read it twice.", "version": 1}
    return client.post(f"/moderation/flags/{flag.id}/decide", form | fields)


@pytest_db
def test_a_decision_on_a_sample_says_whether_something_was_missed(cast: Cast, client: Client) -> None:
    client.force_login(cast.ash)
    calm, missed = build.post(draw=build.drawn), build.post(draw=build.drawn)
    page = client.get(f"/moderation/flags/{Flag.objects.get(post=missed).id}/").content.decode()
    assert "There were signs of danger in this post" in page
    decide(client, Flag.objects.get(post=calm))
    decide(client, Flag.objects.get(post=missed), missed="on")
    assert sample.estimates() == (sample.Estimate(read=2, missed=1),) * 2
    assert Post.objects.get(id=missed.id).tier == "review"
    assert Post.objects.get(id=calm.id).tier == "none"


@pytest_db
def test_only_a_sample_can_have_missed_something(cast: Cast, client: Client) -> None:
    client.force_login(cast.ash)
    build.post(build.WORRYING_POST)
    flag = Flag.objects.get()
    assert "signs of danger in this post" not in client.get(f"/moderation/flags/{flag.id}/").content.decode()
    decide(client, flag, missed="on")
    assert Decision.objects.get().missed is None
    assert sample.estimates()[1].read == 0


@pytest_db
def test_a_lead_sees_the_estimate_and_a_moderator_does_not(cast: Cast, client: Client) -> None:
    client.force_login(cast.ash)
    for _ in range(3):
        decide(client, Flag.objects.get(post=build.post(draw=build.drawn)))
    Decision.objects.filter(id=Decision.objects.earliest("at").id).update(at=timezone.now() - timedelta(days=8))
    assert "What the checks missed" not in client.get("/moderation/").content.decode()
    client.force_login(cast.birch)
    page = build.read(client.get("/moderation/"))
    assert "Last 7 days 2 read, 0 with signs of danger: at most 78 %" in page
    assert "Since the start 3 read, 0 with signs of danger: at most 64 %" in page
