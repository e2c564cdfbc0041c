"""Quiet hours: by the clock where somebody lives, over midnight, and as they choose."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from webapp.accounts.models import User
from webapp.accounts.quiet import is_quiet
from webapp.accounts.tests.cast import AddPerson, SignIn
from webapp.test import read

NIGHT = (time(22), time(7))
NOON = (time(12), time(13, 30))


def with_hours(hours: tuple[time | None, time | None], zone: str = "") -> User:
    return User(quiet_from=hours[0], quiet_until=hours[1], quiet_zone=zone)


@pytest.mark.parametrize(
    ("hours", "zone", "at", "quiet"),
    [
        (NIGHT, "", "2026-11-29T22:00+00:00", True),
        (NIGHT, "", "2026-11-29T21:59:59+00:00", False),
        (NIGHT, "", "2026-11-30T03:00+00:00", True),
        (NIGHT, "", "2026-11-30T07:00+00:00", False),
        (NOON, "", "2026-11-29T12:00+00:00", True),
        (NOON, "", "2026-11-29T13:30+00:00", False),
        (NOON, "", "2026-11-29T11:59+00:00", False),
        (NIGHT, "America/Bogota", "2026-11-30T03:00+00:00", True),  # ten in the evening there
        (NIGHT, "America/Bogota", "2026-11-30T02:59+00:00", False),
        (NIGHT, "Europe/Madrid", "2026-11-30T06:30+01:00", True),
        (NIGHT, "Europe/Madrid", "2026-03-29T05:30+00:00", False),  # the night in which the clocks go forward
        (NIGHT, "Europe/Madrid", "2026-03-29T04:59+00:00", True),
        ((None, None), "", "2026-11-29T03:00+00:00", False),
    ],
)
def test_it_goes_by_the_clock_where_they_live(
    hours: tuple[time | None, time | None], zone: str, at: str, quiet: bool
) -> None:
    assert is_quiet(with_hours(hours, zone), datetime.fromisoformat(at)) == quiet


def test_within_a_day_it_is_quiet_as_long_as_was_chosen() -> None:
    person, zone = with_hours(NIGHT, "Asia/Kolkata"), ZoneInfo("Asia/Kolkata")
    minutes = [datetime(2026, 11, 29, hour, minute, tzinfo=zone) for hour in range(24) for minute in range(60)]
    assert sum(is_quiet(person, at) for at in minutes) == 9 * 60


@pytest.mark.django_db
def test_a_person_chooses_and_clears_them(person: AddPerson, sign_in: SignIn) -> None:
    wren = person("wren")
    client = sign_in(wren)
    address = "/account/security/quiet"
    client.post(address, {"quiet_from": "22:00", "quiet_until": "07:00", "quiet_zone": "Europe/Dublin"})
    wren.refresh_from_db()
    assert (wren.quiet_from, wren.quiet_until, wren.quiet_zone) == (*NIGHT, "Europe/Dublin")
    assert 'value="22:00"' in client.get("/account/security/").content.decode()
    client.post(address, {"quiet_from": "", "quiet_until": "", "quiet_zone": ""})
    wren.refresh_from_db()
    assert (wren.quiet_from, wren.quiet_until, wren.quiet_zone) == (None, None, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"quiet_from": "22:00"}, "Give both times"),
        ({"quiet_until": "22:00"}, "Give both times"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "The two times are the same"),
        ({"quiet_from": "25:00", "quiet_until": "7"}, "Enter a valid time"),
        ({"quiet_from": "22:00", "quiet_until": "07:00", "quiet_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_what_makes_no_hours_is_refused(person: AddPerson, sign_in: SignIn, fields: dict[str, str], says: str) -> None:
    wren = person("wren")
    answer = sign_in(wren).post("/account/security/quiet", fields)
    assert answer.status_code == 422
    assert says in read(answer)
    wren.refresh_from_db()
    assert wren.quiet_from is None
