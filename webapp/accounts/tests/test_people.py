"""The page where admins look after people, and what ends when somebody's rights end."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assistant.actions import send_reply
from assistant.models import AuditEvent, Reply, SuggestionJob
from assistant.streaming import poke
from moderation.models import Decision, Flag
from webapp.accounts.activity import weeks_of
from webapp.accounts.models import User
from webapp.accounts.people import NotAllowed, change_roles, deactivate
from webapp.accounts.roles import USE_GENERATE, Role
from webapp.accounts.tests.cast import PASSWORD, AddPerson, SignIn
from webapp.asgi import websocket
from webapp.test import HURTFUL_REPLY, draft, head_of, job

pytestmark = pytest.mark.django_db


def press(client: Client, button: str, who: User, **fields: object) -> list[str]:
    """What the page says after a button was pressed."""
    answer = client.post(reverse(f"accounts:{button}", args=[who.pk]), fields, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def anew(who: User) -> User:
    """Permissions are cached on the object."""
    return User.objects.get(pk=who.pk)


def may_open_a_page(client: Client) -> bool:
    return client.get(reverse("account_change_password")).status_code == 200


def events_of(who: User) -> list[str]:
    return list(AuditEvent.objects.filter(object_id=str(who.pk)).values_list("action", flat=True))


def test_an_admin_sees_everybody_with_their_roles(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    person("wren", Role.SUPPORTER, Role.MODERATOR)
    page = sign_in(admin).get(reverse("accounts:people")).content.decode()
    for seen in ("wren", "keeper", "supporter", "moderator"):
        assert seen in page


def test_the_page_asks_the_database_no_more_often_for_more_people(
    admin: User, person: AddPerson, sign_in: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(12):
        person(f"bird{number}")
    client = sign_in(admin)
    with django_assert_max_num_queries(14):
        client.get(reverse("accounts:people"))


def names_on(client: Client, **query: str) -> list[str]:
    page = client.get(reverse("accounts:people"), query).content.decode()
    return re.findall(r'<h3><a href="/people/[\w-]+/">([\w.-]+)</a>', page)


def test_people_are_found_by_name_address_role_and_state(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    person("wren", Role.SUPPORTER, email="bird@example.org")
    person("robin", Role.SUPPORTER, Role.MODERATOR)
    deactivate(person("gone"), by=admin)
    client = sign_in(admin)
    assert names_on(client) == ["gone", "keeper", "robin", "wren"]
    assert names_on(client, q="WRE") == names_on(client, q="bird@") == ["wren"]
    assert names_on(client, role="moderator") == ["robin"]
    assert names_on(client, role="supporter", state="open") == ["robin", "wren"]
    assert names_on(client, state="closed") == ["gone"]
    TOTP.activate(admin, generate_totp_secret())
    assert names_on(client, state="without") == ["gone", "robin", "wren"]
    assert names_on(client, q="100%") == names_on(client, q="_") == []
    assert len(names_on(client, role="emperor", state="x", page="x")) == 4


def test_a_long_list_has_pages_that_keep_what_was_asked(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    for number in range(60):
        person(f"bird{number:02}")
    client = sign_in(admin)
    pages = [names_on(client, q="bird", page=str(number)) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert [name for page in pages for name in page] == [f"bird{number:02}" for number in range(60)]
    page = client.get(reverse("accounts:people"), {"q": "bird", "page": "2"}).content.decode()
    assert 'href="?q=bird&amp;page=3"' in page
    assert 'href="?q=bird&amp;page=1"' in page


def test_what_somebody_did_is_counted_by_week(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    wren, ash = person("wren"), person("ash", Role.MODERATOR)
    for weeks, times in ((0, 2), (1, 1), (9, 1)):
        for _ in range(times):
            written = draft(wren)
            sent = send_reply(written, by=wren, revision=head_of(written))
            Reply.objects.filter(id=sent.id).update(sent_at=timezone.now() - timedelta(weeks=weeks))
    assert [week.replies for week in weeks_of(wren)] == [2, 1, 0, 0, 0, 0, 0, 0]
    assert [week.decisions for week in weeks_of(wren)] == [0] * 8
    written = draft(wren, text=HURTFUL_REPLY)
    held = send_reply(written, by=wren, revision=head_of(written))
    flag = Flag.objects.get(reply=held)
    Decision.objects.create(case=flag.case, flag=flag, outcome="return", by=ash, reason="Kinder.", flag_version=1)
    assert [week.decisions for week in weeks_of(ash)] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert "<td>2</td>" in sign_in(admin).get(f"/people/{wren.pk}/").content.decode()


def test_changed_roles_count_at_once_and_the_person_signs_in_again(
    admin: User, person: AddPerson, sign_in: SignIn
) -> None:
    wren = person("wren")
    theirs = sign_in(wren)
    press(sign_in(admin), "change_roles", wren, roles=["moderator", "clinician"])
    assert anew(wren).role_names == ["clinician", "moderator"]
    assert anew(wren).has_perm("moderation.decide_flags")
    assert not anew(wren).has_perm("assistant.write_replies")
    assert not may_open_a_page(theirs)
    assert AuditEvent.objects.get(action="person.roles_changed").code == "clinician,moderator"


@pytest.mark.parametrize("roles", [[], ["emperor"], ["moderator", "emperor"]])
def test_roles_that_do_not_exist_change_nothing(
    admin: User, person: AddPerson, sign_in: SignIn, roles: list[str]
) -> None:
    wren = person("wren")
    press(sign_in(admin), "change_roles", wren, roles=roles)
    assert anew(wren).role_names == ["supporter"]


def test_asking_for_a_draft_from_the_post_is_switched_person_by_person(
    admin: User, person: AddPerson, sign_in: SignIn
) -> None:
    wren, robin, client = person("wren"), person("robin"), sign_in(admin)
    theirs = sign_in(wren)
    press(client, "change_generate", wren, allowed="on")
    assert anew(wren).has_perm(USE_GENERATE)
    assert anew(wren).may_generate
    assert not anew(robin).has_perm(USE_GENERATE)
    press(client, "change_generate", wren)
    assert not anew(wren).has_perm(USE_GENERATE)
    assert may_open_a_page(theirs)
    assert events_of(wren) == ["person.added", "person.generate_allowed", "person.generate_withdrawn"]


def test_a_deactivated_person_is_signed_out_everywhere_and_stays_out(
    admin: User, person: AddPerson, sign_in: SignIn
) -> None:
    wren, robin = person("wren"), person("robin")
    phone, laptop, others = sign_in(wren), sign_in(wren), sign_in(robin)
    press(sign_in(admin), "deactivate", wren)
    assert not may_open_a_page(phone)
    assert not may_open_a_page(laptop)
    assert may_open_a_page(others)
    client = Client()
    client.post(reverse("account_login"), {"login": "wren", "password": PASSWORD})
    assert not may_open_a_page(client)
    assert "person.deactivated" in events_of(wren)


def test_closing_an_account_is_asked_once_more(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    wren, keeper = person("wren"), sign_in(admin)
    place = reverse("accounts:deactivate", args=[wren.pk])
    assert f'href="{place}"' in keeper.get(reverse("accounts:person", args=[wren.pk])).content.decode()
    asked = keeper.get(place).content.decode()
    assert "Close the account of wren?" in asked
    assert f'action="{place}"' in asked
    assert anew(wren).is_active
    assert events_of(wren) == ["person.added"]
    keeper.post(place)
    assert not anew(wren).is_active


def test_a_reactivated_person_signs_in_again(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    wren, keeper = person("wren"), sign_in(admin)
    press(keeper, "deactivate", wren)
    press(keeper, "reactivate", wren)
    client = Client()
    client.post(reverse("account_login"), {"login": "wren", "password": PASSWORD})
    assert may_open_a_page(client)


def test_a_second_click_records_nothing_twice(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    wren, keeper = person("wren"), sign_in(admin)
    for button in ("deactivate", "deactivate", "reactivate", "reactivate"):
        press(keeper, button, wren)
    assert events_of(wren) == ["person.added", "person.deactivated", "person.reactivated"]


def test_an_admin_cannot_close_the_own_account_or_drop_the_own_role(
    admin: User, person: AddPerson, sign_in: SignIn
) -> None:
    person("warden", Role.ADMIN)
    client = sign_in(admin)
    for said in (press(client, "deactivate", admin), press(client, "change_roles", admin, roles=["lead"])):
        assert "Ask another admin" in said[0]
    assert anew(admin).is_active
    assert anew(admin).role_names == ["admin"]
    assert may_open_a_page(client)


@pytest.mark.parametrize("roles", [["admin", "lead"], ["admin", "moderator"], ["admin", "auditor"]])
def test_an_admin_does_not_give_themselves_what_they_may_not_read(
    admin: User, person: AddPerson, sign_in: SignIn, roles: list[str]
) -> None:
    warden, client = person("warden", Role.ADMIN), sign_in(admin)
    assert "Ask another admin" in press(client, "change_roles", admin, roles=roles)[0]
    assert anew(admin).role_names == ["admin"]
    press(sign_in(warden), "change_roles", admin, roles=roles)
    assert anew(admin).role_names == roles
    press(sign_in(admin), "change_roles", admin, roles=["admin"])  # to have less is one's own choice
    assert anew(admin).role_names == ["admin"]


def test_the_last_active_admin_stays(admin: User, person: AddPerson) -> None:
    warden = person("warden", Role.ADMIN)
    deactivate(warden, by=admin)
    with pytest.raises(NotAllowed, match="last active admin"):
        deactivate(admin, by=warden)
    with pytest.raises(NotAllowed, match="last active admin"):
        change_roles(admin, roles=[Role.LEAD], by=warden)
    assert anew(admin).role_names == ["admin"]
    assert anew(admin).is_active


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_the_same_moment_leave_one(admin: User, person: AddPerson) -> None:
    if connection.vendor == "sqlite":
        pytest.skip(
            "SQLite has one writer at a time, and in memory a second one fails at once: LANTERN_TEST_DB=postgres"
        )
    warden = person("warden", Role.ADMIN)
    start = threading.Barrier(2)

    def remove(whom: User, by: User) -> None:
        start.wait()
        try:
            deactivate(whom, by=by)
        except NotAllowed:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((admin, warden), (warden, admin))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    admins = Group.objects.get(name="admin").user_set
    assert admins.filter(is_active=True).count() == 1


def test_running_jobs_of_a_deactivated_person_end_and_those_of_others_do_not(admin: User, person: AddPerson) -> None:
    wren, robin = person("wren"), person("robin")
    gone, stays = job(draft(wren)), job(draft(robin))
    deactivate(wren, by=admin)
    assert SuggestionJob.objects.get(id=gone.id).status == SuggestionJob.Status.CANCELLED
    assert SuggestionJob.objects.get(id=stays.id).status == SuggestionJob.Status.QUEUED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("loss", ["deactivated", "another role"])
async def test_open_sockets_close_within_five_seconds(
    admin: User, person: AddPerson, sign_in: SignIn, loss: str
) -> None:
    wren = await sync_to_async(person)("wren")
    client = await sync_to_async(sign_in)(wren)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = [(b"cookie", cookie.encode()), (b"origin", b"http://localhost"), (b"host", b"localhost")]
    scope = {"type": "websocket", "path": "/ws/jobs", "headers": headers}
    socket: Any = ApplicationCommunicator(websocket, scope)  # type: ignore[no-untyped-call]  # asgiref has no types here
    poke.use_loop(asyncio.get_running_loop())
    try:
        await socket.send_input({"type": "websocket.connect"})
        assert (await socket.receive_output())["type"] == "websocket.accept"
        if loss == "deactivated":
            await sync_to_async(deactivate)(wren, by=admin)
        else:
            await sync_to_async(change_roles)(wren, roles=[Role.AUDITOR], by=admin)
        closed = await socket.receive_output(timeout=5)
        assert (closed["type"], closed["code"]) == ("websocket.close", 4401)
    finally:
        poke.use_loop(None)
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait()


@pytest.mark.parametrize("button", ["change_roles", "change_generate", "deactivate", "reactivate"])
def test_an_id_that_does_not_exist_is_not_found(admin: User, sign_in: SignIn, button: str) -> None:
    assert sign_in(admin).post(reverse(f"accounts:{button}", args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize("button", ["change_roles", "change_generate", "deactivate", "reactivate"])
def test_a_button_takes_a_click_with_the_right_token(admin: User, person: AddPerson, button: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    wren = person("wren")
    assert client.post(reverse(f"accounts:{button}", args=[wren.pk])).status_code == 403
    asks_first = button == "deactivate"  # and changes nothing by that
    assert client.get(reverse(f"accounts:{button}", args=[wren.pk])).status_code == (200 if asks_first else 405)
    assert anew(wren).is_active
