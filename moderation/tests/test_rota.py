"""The rota: what it takes, what it says of the weeks to come, and when nobody would be left."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from moderation import actions, duty
from moderation.models import Shift
from moderation.rota_page import Span, gaps_in
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.test import Cast

pytestmark = pytest.mark.django_db

PLACE = "/moderation/duty/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(person: Any) -> str:
    return build.read(client_of(person).get(PLACE))


def said(moment: datetime) -> str:
    """As a form says it."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def form(starts_in: timedelta, ends_in: timedelta, **changes: str) -> dict[str, str]:
    now = timezone.now()
    times = {"starts_at": said(now + starts_in), "ends_at": said(now + ends_in)}
    return {"person": "birch", "line": "lead", "place": "1", "weeks": "1"} | times | changes


def shift(person: Any, starts_in: timedelta, ends_in: timedelta, line: str = "lead", weeks: int = 1) -> Shift:
    now = timezone.now()
    (first, *_) = actions.add_shift(
        person=person, line=line, place=1, starts_at=now + starts_in, ends_at=now + ends_in, weeks=weeks, by=person
    )
    return first


def test_a_lead_puts_somebody_on_the_rota_for_some_weeks_and_takes_them_off(cast: Cast) -> None:
    lead = client_of(cast.birch)
    lead.post(f"{PLACE}shifts", form(DAY, DAY + 5 * HOUR, weeks="3"))
    starts = [shift.starts_at for shift in Shift.objects.all()]
    assert [later - starts[0] for later in starts] == [timedelta(0), timedelta(weeks=1), timedelta(weeks=2)]
    lead.post(f"{PLACE}shifts/{Shift.objects.all()[0].id}/remove")
    assert Shift.objects.count() == 2


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "changes", "why"),
    [
        (DAY, 2 * DAY, {"person": "ash"}, "has no role that this line needs"),
        (DAY, 2 * DAY, {"person": "wren"}, "Select a valid choice"),
        (DAY, DAY - HOUR, {}, "ends after it starts"),
        (DAY, 16 * DAY, {}, "within two weeks"),
        (-DAY, -HOUR, {}, "This is over already."),
        (DAY, 9 * DAY, {"weeks": "2"}, "lasts a week at most"),
    ],
)
def test_a_shift_that_cannot_be_is_refused(
    cast: Cast, starts_in: timedelta, ends_in: timedelta, changes: dict[str, str], why: str
) -> None:
    answer = client_of(cast.birch).post(f"{PLACE}shifts", form(starts_in, ends_in, **changes))
    assert answer.status_code == 422
    assert why in build.read(answer)
    assert not Shift.objects.exists()


def test_nobody_stands_twice_in_one_line_at_the_same_time(cast: Cast) -> None:
    build.person("hazel", Role.LEAD, Role.CLINICIAN)
    lead = client_of(cast.birch)
    lead.post(f"{PLACE}shifts", form(8 * DAY, 8 * DAY + 5 * HOUR))
    answer = lead.post(f"{PLACE}shifts", form(DAY + 4 * HOUR, DAY + 6 * HOUR, weeks="3"))  # its second week overlaps
    assert answer.status_code == 422
    assert "birch is in this line already from" in build.read(answer)
    assert Shift.objects.count() == 1
    for changes in ({"person": "hazel"}, {"person": "hazel", "line": "clinician"}):
        assert lead.post(f"{PLACE}shifts", form(8 * DAY, 8 * DAY + HOUR, **changes)).status_code == 302
    after = form(8 * DAY + 5 * HOUR, 8 * DAY + 9 * HOUR)
    assert lead.post(f"{PLACE}shifts", after).status_code == 302  # begins as the other ends


@pytest.mark.parametrize(
    ("at", "why"), [("2027-03-28T01:30", "There is no such time"), ("2027-10-31T01:30", "This time comes twice")]
)
def test_an_hour_at_which_the_clocks_change_is_refused_in_plain_words(
    cast: Cast, settings: Settings, at: str, why: str
) -> None:
    settings.TIME_ZONE = "Europe/Dublin"
    changes = {"starts_at": at, "ends_at": at[:11] + "09:00"}
    assert why in build.read(client_of(cast.birch).post(f"{PLACE}shifts", form(DAY, DAY, **changes)))


def test_the_rota_says_by_which_clock(cast: Cast) -> None:
    page = page_of(cast.birch)
    assert page.count("by the clock of UTC") == 2
    assert page.count("By the clock of UTC.") == 2  # at both times of the form
    assert "by the clock of UTC" in build.read(
        client_of(cast.birch).get(f"{PLACE}shifts/{shift(cast.birch, DAY, 2 * DAY).id}/remove")
    )


def test_what_starts_after_four_weeks_is_listed_folded(cast: Cast) -> None:
    shift(cast.birch, DAY, DAY + HOUR, weeks=6)
    page = client_of(cast.birch).get(PLACE)
    assert page.content.decode().count("/remove") == 6
    assert "2 shifts after that" in build.read(page)


def test_a_row_says_when_its_person_is_told_nothing(cast: Cast) -> None:
    hazel, oak = build.person("hazel", Role.LEAD), build.person("oak", Role.LEAD)
    for person in (cast.birch, hazel, oak):
        shift(person, -HOUR, HOUR)
    assert "is not told" not in page_of(cast.birch)
    hazel.groups.clear()
    oak.is_active = False
    oak.save()
    page = page_of(cast.birch)
    assert page.count("has no role that this line needs: is not told") == 1
    assert page.count("account closed: is not told") == 1
    assert {one.person for one in duty.shifts_at(timezone.now())} == {cast.birch}


def test_it_says_who_on_it_has_no_address_where_letters_are_sent(cast: Cast, settings: Settings) -> None:
    cast.birch.email = ""
    cast.birch.save()
    shift(cast.birch, DAY, 2 * DAY)
    assert "No e-mail address" not in page_of(cast.birch)
    settings.EMAIL_RELAY_URL = "smtp://127.0.0.1:1"
    assert "No e-mail address: birch." in page_of(cast.birch)


def test_it_says_when_nobody_is_on_duty_in_a_line_that_is_told(cast: Cast) -> None:
    assert "No lead on duty in the next four weeks." in page_of(cast.birch)
    shift(cast.birch, -HOUR, 10 * DAY)
    shift(cast.birch, 11 * DAY, 20 * DAY)
    shift(build.person("hazel", Role.LEAD), 19 * DAY, 30 * DAY)
    page = page_of(cast.birch)
    days = [f"{timezone.now() + days * DAY:%a}" for days in (10, 11)]
    assert re.search(rf"No lead on duty: {days[0]} .* – {days[1]} ", page)
    assert "No lead on duty in" not in page
    assert "times in the next four weeks" not in page
    assert "No moderator on duty in the next four weeks." in page
    assert "No clinician" not in page  # the policy tells none


def test_taking_somebody_off_is_asked_once_more_and_says_when_nobody_is_left(cast: Cast) -> None:
    row = shift(cast.birch, DAY, DAY + 8 * HOUR)
    lead = client_of(cast.birch)
    asked = build.read(lead.get(f"{PLACE}shifts/{row.id}/remove"))
    assert "Take birch off the rota?" in asked
    assert "Then nobody is on duty in this line:" in asked
    assert Shift.objects.filter(id=row.id).exists()
    shift(build.person("hazel", Role.LEAD), DAY - HOUR, DAY + 8 * HOUR)
    assert "Then nobody" not in build.read(lead.get(f"{PLACE}shifts/{row.id}/remove"))
    lead.post(f"{PLACE}shifts/{row.id}/remove")
    assert not Shift.objects.filter(id=row.id).exists()
    assert lead.get(f"{PLACE}shifts/{row.id}/remove").status_code == 404


START = datetime(2026, 11, 30, tzinfo=UTC)


def span(first: float, last: float) -> Span:
    return Span(START + first * HOUR, START + last * HOUR)


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        ([], [(0, 10)]),
        ([(-1, 12)], []),
        ([(0, 4), (4, 10)], []),
        ([(5, 6), (2, 5)], [(0, 2), (6, 10)]),
        ([(1, 9), (2, 3)], [(0, 1), (9, 10)]),
        ([(11, 12)], [(0, 10)]),
        ([(2, 3), (12, 13)], [(0, 2), (3, 10)]),
    ],
)
def test_a_gap_is_what_no_shift_covers(spans: list[tuple[float, float]], gaps: list[tuple[float, float]]) -> None:
    found = gaps_in([span(*one) for one in spans], since=START, until=START + 10 * HOUR)
    assert found == [span(*one) for one in gaps]


# When the clocks change


def add_in_march(cast: Cast, begin: str, end: str) -> Any:
    """A shift of a week before the clocks change, and of that night."""
    times = {"starts_at": f"2027-03-21T{begin}", "ends_at": f"2027-03-21T{end}", "weeks": "2"}
    return client_of(cast.birch).post(f"{PLACE}shifts", form(DAY, 2 * DAY) | times, follow=True)


@pytest.fixture
def berlin(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.mark.usefixtures("berlin")
def test_a_shift_keeps_its_hours_when_the_clocks_change(cast: Cast) -> None:
    page = build.read(add_in_march(cast, "18:00", "23:00"))
    first, second = (timezone.localtime(shift.starts_at) for shift in Shift.objects.all())
    assert (first.hour, second.hour, second.utcoffset()) == (18, 18, timedelta(hours=2))
    assert "The clocks change" not in page


@pytest.mark.usefixtures("berlin")
def test_shifts_that_meet_in_the_hour_that_is_left_out_still_meet_and_it_is_said(cast: Cast) -> None:
    page = build.read(add_in_march(cast, "02:30", "08:00"))
    assert "The clocks change: this one goes from 28 March 2027, 03:30 to 28 March 2027, 08:00." in page
    add_in_march(cast, "01:00", "02:30")
    early, late = Shift.objects.order_by("starts_at")[2:]
    assert early.ends_at == late.starts_at


@pytest.mark.usefixtures("berlin")
def test_a_shift_that_would_end_before_it_begins_when_the_clocks_change_is_refused(cast: Cast) -> None:
    answer = add_in_march(cast, "02:30", "03:15")
    assert answer.status_code == 422
    assert "On 28 March 2027 the clocks change" in build.read(answer)
    assert not Shift.objects.exists()


def test_a_rota_that_is_full_for_four_weeks_has_no_gap_while_time_goes_on(cast: Cast) -> None:
    for line, person in (("moderator", cast.ash), ("lead", cast.birch)):
        shift(person, -HOUR, 7 * DAY - HOUR, line=line, weeks=5)
    assert "on duty:" not in page_of(cast.birch)
    Shift.objects.order_by("-starts_at")[0].delete()
    Shift.objects.filter(ends_at__gt=timezone.now() + 28 * DAY).delete()
    assert "on duty:" in page_of(cast.birch)
    Shift.objects.filter(ends_at__gt=timezone.now() + 27 * DAY).update(ends_at=timezone.now() + 28 * DAY)
    assert "on duty:" not in page_of(cast.birch)
