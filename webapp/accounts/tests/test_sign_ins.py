"""Where people are signed in: what is kept of it, what they see, and ending it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from assistant.models import AuditEvent
from assistant.tests.page_socket import Socket
from webapp.accounts.devices import device_of, spoken
from webapp.accounts.models import Session, User
from webapp.accounts.sessions import SessionStore
from webapp.accounts.sign_ins import end_sessions, end_sign_in, sign_ins_of
from webapp.accounts.tests.cast import PASSWORD, AddPerson, SignIn
from webapp.test import read

pytestmark = pytest.mark.django_db

SECURITY = "/account/security/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML) Version/18.1 Mobile Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36 Edg/142.0"
TABLET = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"


def signed_in_with(name: str, user_agent: str = FIREFOX) -> Client:
    client = Client(headers={"User-Agent": user_agent})
    client.post("/sign-in/", {"login": name, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get(SECURITY).status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "says"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (TABLET, "Chrome on Android"),
        ("curl/8.5", "A browser of a kind we do not know"),
        ("", "A browser of a kind we do not know"),
        ("Linux", "Linux"),
        ("\x00" * 5_000, "A browser of a kind we do not know"),
    ],
)
def test_a_browser_is_told_by_its_family(user_agent: str, says: str) -> None:
    assert spoken(device_of(user_agent)) == says


def test_of_a_sign_in_person_times_and_family_are_kept_and_nothing_else(person: AddPerson) -> None:
    wren = person("wren")
    before = timezone.now()
    client = signed_in_with("wren")
    row = sign_ins_of(wren).get()
    assert row.device == "Firefox/Windows"
    assert row.began_at is not None
    assert before <= row.began_at <= row.seen_at <= timezone.now()
    kept = str(row.get_decoded()) + str(row.__dict__)
    assert "127.0.0.1" not in kept
    assert "Gecko" not in kept
    assert str(row.handle) not in client.cookies["session"].value


def test_the_last_use_is_noted_once_a_minute(person: AddPerson, sign_in: SignIn) -> None:
    wren = person("wren")
    client = sign_in(wren)
    for minutes, moves in ((0.5, False), (2, True)):
        then = timezone.now() - timedelta(minutes=minutes)
        Session.objects.update(seen_at=then)
        client.get(SECURITY)
        assert (sign_ins_of(wren).get().seen_at > then) == moves


def test_signing_out_leaves_no_row(person: AddPerson) -> None:
    client = signed_in_with(person("wren").username)
    client.post("/sign-out/")
    assert not Session.objects.filter(user__isnull=False).exists()


def test_the_own_page_shows_each_and_ends_one_or_all_others(person: AddPerson) -> None:
    wren = person("wren")
    here, phone, tablet = (signed_in_with("wren", agent) for agent in (FIREFOX, PHONE, TABLET))
    page = read(here.get(SECURITY))
    for seen in ("Firefox on Windows", "Safari on iPhone", "Chrome on Android"):
        assert seen in page
    row = sign_ins_of(wren).get(device="Safari/iPhone")
    for _ in range(2):  # the second click finds nothing
        here.post(f"{SECURITY}sign-ins/{row.handle}/end")
    assert [is_in(client) for client in (here, phone, tablet)] == [True, False, True]
    here.post(f"{SECURITY}sign-ins/end-others")
    assert [is_in(client) for client in (here, tablet)] == [True, False]
    events = AuditEvent.objects.filter(action="person.signed_out", object_id=str(wren.pk))
    assert list(events.values_list("actor", "code")) == [(str(wren.pk), "one"), (str(wren.pk), "others")]


def test_nobody_ends_a_sign_in_of_somebody_else(person: AddPerson) -> None:
    wren = person("wren")
    person("robin")
    theirs, other = signed_in_with("wren"), signed_in_with("robin")
    assert other.post(f"{SECURITY}sign-ins/{sign_ins_of(wren).get().handle}/end").status_code == 404
    assert is_in(theirs)


def test_an_admin_sees_and_ends_them(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    wren = person("wren")
    phone, tablet = signed_in_with("wren", PHONE), signed_in_with("wren", TABLET)
    keeper = sign_in(admin)
    assert "Safari on iPhone" in read(keeper.get(f"/people/{wren.pk}/"))
    keeper.post(f"/people/{wren.pk}/sign-ins/{sign_ins_of(wren).get(device='Safari/iPhone').handle}/end")
    assert [is_in(client) for client in (phone, tablet)] == [False, True]
    keeper.post(f"/people/{wren.pk}/sign-ins/end")
    assert not is_in(tablet)
    assert is_in(keeper)


def test_an_admin_who_ends_all_of_the_own_stays_where_they_are(admin: User, sign_in: SignIn) -> None:
    here, there = sign_in(admin), sign_in(admin)
    here.post(f"/people/{admin.pk}/sign-ins/end")
    assert [is_in(client) for client in (here, there)] == [True, False]


def test_a_sign_in_of_one_person_is_not_found_on_the_page_of_another(
    admin: User, person: AddPerson, sign_in: SignIn
) -> None:
    wren, robin = person("wren"), person("robin")
    sign_in(wren)
    address = f"/people/{robin.pk}/sign-ins/{sign_ins_of(wren).get().handle}/end"
    assert sign_in(admin).post(address).status_code == 404
    assert sign_ins_of(wren).count() == 1


@pytest.mark.django_db(transaction=True)
async def test_the_socket_of_an_ended_sign_in_closes_and_another_stays(person: AddPerson, sign_in: SignIn) -> None:
    wren = await sync_to_async(person)("wren")
    ended, stays = await sync_to_async(sign_in)(wren), await sync_to_async(sign_in)(wren)
    async with Socket(ended) as closing, Socket(stays) as open_still:
        row = await Session.objects.aget(session_key=ended.cookies["session"].value)
        await sync_to_async(end_sign_in)(row, of=wren, by=wren)
        assert await closing.hear() == {"type": "websocket.close", "code": 4401}
        await open_still.say({"v": 1, "t": "subscribe", "job": str(wren.pk)})
        assert (await open_still.hear())["status"] == "missing"


def test_ending_somebodys_sessions_is_one_query(
    person: AddPerson, sign_in: SignIn, django_assert_num_queries: object
) -> None:
    wren, robin = person("wren"), person("robin")
    for _ in range(3):
        sign_in(wren)
    theirs = sign_in(robin)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert end_sessions(wren) == 3
    assert is_in(theirs)


def test_a_key_that_we_could_not_have_made_opens_nothing() -> None:
    for key in ("a" * 31 + "\x00", "a" * 31, "", None, "é" * 32):
        assert SessionStore(key).load() == {}
