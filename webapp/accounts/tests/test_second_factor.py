"""A second factor: who needs one, what is open before, signing in with it, and losing it."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from assistant.models import AuditEvent, CaseKey
from assistant.tests.page_socket import Socket
from assistant.vault.keys import read_key_file
from webapp.accounts.models import User
from webapp.accounts.roles import PERMISSIONS, WITHOUT_SECOND_FACTOR, Role
from webapp.accounts.second_factor import OPEN_MEANWHILE
from webapp.accounts.tests.cast import PASSWORD, AddPerson, Page, SignIn, first_match
from webapp.accounts.tests.software_passkey import SoftwarePasskey
from webapp.accounts.tests.test_roles import TABLE, ask

pytestmark = pytest.mark.django_db

SECURITY = "/account/security/"
APP = "/account/security/app/"
SECOND = "/sign-in/second/"


@pytest.fixture(autouse=True)
def required(settings: Settings) -> None:
    settings.MFA_REQUIRED = True


def code_for(secret: str) -> str:
    """What the app on a phone shows now, computed from what the page showed."""
    left = 30 - time.time() % 30
    if left < 4:
        time.sleep(left)  # it would change on its way
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def sign_in_with_password(name: str, client: Client | None = None) -> tuple[Client, Page]:
    client = client or Client()
    return client, client.post("/sign-in/", {"login": name, "password": PASSWORD})


def set_up_app(client: Client) -> str:
    """The secret that the phone keeps."""
    page = client.get(APP).content.decode()
    secret = first_match(r'class="copy-link"[^>]*>([A-Z2-7]+)<', page, 1)
    answer = client.post(APP, {"code": code_for(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li>(\d{8})</li>", page)


def is_in(client: Client) -> bool:
    return client.get(reverse("account_change_password")).status_code == 200


def factors_of(person: User) -> set[str]:
    return set(Authenticator.objects.filter(user=person).values_list("type", flat=True))


# Who needs one


def test_whoever_may_do_more_than_write_needs_one(person: AddPerson) -> None:
    needing = {role for role in Role if person(f"a-{role}", role).needs_second_factor}
    assert needing == {role for role in Role if PERMISSIONS[role] - WITHOUT_SECOND_FACTOR}
    assert needing == {Role.MODERATOR, Role.LEAD, Role.CLINICIAN, Role.ADMIN, Role.AUDITOR, Role.RESEARCHER}


def test_nobody_needs_one_where_the_site_asks_for_none(person: AddPerson, settings: Settings) -> None:
    settings.MFA_REQUIRED = False
    assert not person("keeper", Role.ADMIN).needs_second_factor


def test_who_lacks_it_is_led_to_setting_it_up_and_reaches_nothing_else(person: AddPerson) -> None:
    person("ash", *Role)
    client, answer = sign_in_with_password("ash")
    assert client.get(answer.headers["Location"]).headers["Location"] == SECURITY
    for name in TABLE:
        if name in OPEN_MEANWHILE or name == "account_logout":
            continue
        answer = ask(client, name)
        assert (answer.status_code, answer.headers.get("Location")) == (302, SECURITY), name
    page = client.get(SECURITY).content.decode()
    assert "Set up your second factor" in page
    assert 'href="/moderation/"' not in page


def test_scripts_are_told_in_their_own_way(person: AddPerson) -> None:
    person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}):
        answer = client.get("/moderation/", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "second_factor")


@pytest.mark.django_db(transaction=True)
async def test_a_socket_is_not_opened_without_it(person: AddPerson, sign_in: SignIn) -> None:
    ash = await sync_to_async(person)("ash", Role.MODERATOR)
    client = await sync_to_async(sign_in)(ash)
    async with Socket(client, path="/ws/queue") as socket:
        assert await socket.hear() == {"type": "websocket.close", "code": 4403}


# Setting it up, and signing in with it


def test_with_an_app_one_sets_up_gets_codes_once_and_is_in(person: AddPerson) -> None:
    ash = person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    set_up_app(client)
    assert factors_of(ash) == {"totp", "recovery_codes"}
    codes = codes_on(client.get("/account/security/codes/").content.decode())
    assert len(set(codes)) == 10
    assert codes_on(client.get("/account/security/codes/").content.decode()) == []
    assert client.get("/moderation/").status_code == 200
    assert list(AuditEvent.objects.filter(action="factor.added").values_list("actor", "code")) == [
        (str(ash.pk), "totp")
    ]


def test_a_wrong_code_sets_nothing_up_and_shows_a_new_secret(person: AddPerson) -> None:
    ash = person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    client.get(APP)
    assert client.post(APP, {"code": "000000"}).status_code == 200
    assert factors_of(ash) == set()


def test_setting_up_ends_every_other_sign_in(person: AddPerson) -> None:
    """Somebody else may have had the password, and waited at the same page."""
    person("ash", Role.MODERATOR)
    elsewhere, _answer = sign_in_with_password("ash")
    client, _answer = sign_in_with_password("ash")
    set_up_app(client)
    assert elsewhere.get("/moderation/").headers["Location"].startswith("/sign-in/")
    assert client.get("/moderation/").status_code == 200


def test_signing_in_takes_the_password_and_a_code_that_works_once(person: AddPerson) -> None:
    person("ash", Role.MODERATOR)
    secret = set_up_app(sign_in_with_password("ash")[0])
    client, answer = sign_in_with_password("ash")
    assert answer.headers["Location"] == SECOND
    assert not is_in(client)
    assert client.post(SECOND, {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert client.post(SECOND, {"code": code_for(secret)}).status_code == 302
    assert is_in(client)
    again, _answer = sign_in_with_password("ash")
    assert again.post(SECOND, {"code": code_for(secret)}).status_code == 200
    assert not is_in(again)


def test_after_five_wrong_codes_the_right_one_has_to_wait(person: AddPerson) -> None:
    person("ash", Role.MODERATOR)
    secret = set_up_app(sign_in_with_password("ash")[0])
    client, _answer = sign_in_with_password("ash")
    for _ in range(5):
        client.post(SECOND, {"code": "000000"})
    assert b"Too many attempts" in client.post(SECOND, {"code": code_for(secret)}).content
    assert not is_in(client)


def test_a_recovery_code_signs_in_once(person: AddPerson) -> None:
    person("ash", Role.MODERATOR)
    here, _answer = sign_in_with_password("ash")
    set_up_app(here)
    code = codes_on(here.get("/account/security/codes/").content.decode())[0]
    signed_in = []
    for _ in range(2):
        client, _answer = sign_in_with_password("ash")
        client.post(SECOND, {"code": code})
        signed_in.append(is_in(client))
    assert signed_in == [True, False]


def challenge_on(client: Client, address: str) -> str:
    page = client.get(address).content.decode()
    return first_match(r'id="passkey-options".*?"challenge": "([\w-]+)"', page, 1)


def test_with_a_passkey_one_sets_up_and_signs_in(person: AddPerson) -> None:
    ash = person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    passkey = SoftwarePasskey("localhost", origin="http://localhost")
    add = "/account/security/passkey/"
    client.defaults["SERVER_NAME"] = "localhost"
    made = passkey.register(challenge_on(client, add))
    assert client.post(add, {"name": "Phone", "credential": json.dumps(made)}).status_code == 302
    assert factors_of(ash) == {"webauthn", "recovery_codes"}
    other = Client(SERVER_NAME="localhost")
    sign_in_with_password("ash", other)
    stranger = SoftwarePasskey("localhost", origin="http://localhost")
    other.post(SECOND, {"credential": json.dumps(stranger.confirm(challenge_on(other, SECOND)))})
    assert not is_in(other)
    proxy = SoftwarePasskey("localhost", origin="http://evil.example")
    proxy.key, proxy.id = passkey.key, passkey.id
    other.post(SECOND, {"credential": json.dumps(proxy.confirm(challenge_on(other, SECOND)))})
    assert not is_in(other)
    other.post(SECOND, {"credential": json.dumps(passkey.confirm(challenge_on(other, SECOND)))})
    assert is_in(other)


NO_PASSKEY = [
    "",
    "null",
    "[]",
    '"x"',
    "9" * 5000,
    "[" * 20_000,
    '{"id": 1, "rawId": [], "type": {}, "response": 7}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "AAAA", "attestationObject": "AAAA"}}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}',
    '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "e30", "authenticatorData": "oA", '
    '"signature": "AAAA"}}',
    '{"id": "\\ud800", "rawId": "=", "type": "public-key", "response": {"clientDataJSON": "\\u0000", "attestationObject": "é"}}',
]


def test_what_is_no_passkeys_answer_is_refused(person: AddPerson) -> None:
    ash = person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    for credential in NO_PASSKEY:
        cache.clear()  # the limit of trying
        client.get("/account/security/passkey/")
        answer = client.post("/account/security/passkey/", {"name": "", "credential": credential})
        assert (answer.status_code, factors_of(ash)) == (200, set()), credential
    set_up_app(client)
    other, _answer = sign_in_with_password("ash")
    for credential in NO_PASSKEY:
        cache.clear()
        other.get(SECOND)
        answer = other.post(SECOND, {"credential": credential})
        assert (answer.status_code, is_in(other)) == (200, False), credential


# Changing and losing it


def test_changing_it_asks_again_who_one_is_and_not_by_password(person: AddPerson, sign_in: SignIn) -> None:
    ash = person("ash", Role.MODERATOR)
    set_up_app(sign_in_with_password("ash")[0])
    client = sign_in(ash)  # signed in long ago
    for address in (f"{APP}remove/", "/account/security/passkey/", "/account/security/codes/new/"):
        for answer in (client.get(address), client.post(address)):
            assert answer.headers["Location"].startswith("/account/confirm/code/"), address
    assert client.get("/account/confirm/").headers["Location"].startswith("/account/confirm/code/")
    assert "account_reauthentication_state" not in client.session  # allauth would keep address and browser there


def test_one_may_remove_ones_own_and_is_led_to_set_up_anew(person: AddPerson) -> None:
    ash = person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    set_up_app(client)
    assert client.post(f"{APP}remove/").status_code == 302
    assert factors_of(ash) == set()
    assert client.get("/moderation/").headers["Location"] == SECURITY
    assert AuditEvent.objects.filter(action="factor.removed", actor=str(ash.pk)).count() == 1


def test_an_admin_takes_away_what_somebody_lost_and_they_are_told(
    admin: User, person: AddPerson, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.EMAIL_RELAY_URL = "smtp://relay.example"
    ash = person("ash", Role.MODERATOR, email="ash@example.org")
    theirs, _answer = sign_in_with_password("ash")
    set_up_app(theirs)
    keeper, _answer = sign_in_with_password("keeper")
    set_up_app(keeper)
    answer = keeper.post(f"/people/{ash.pk}/second-factor/reset", follow=True)
    assert "was told" in answer.content.decode()
    assert factors_of(ash) == set()
    assert not is_in(theirs)
    event = AuditEvent.objects.get(action="factor.reset")
    assert (event.actor, event.object_id) == (str(admin.pk), str(ash.pk))
    assert [letter.to for letter in mailoutbox] == [["ash@example.org"]]
    back, _answer = sign_in_with_password("ash")
    assert "took your second factor away" in back.get(SECURITY).content.decode()


def test_an_admin_shows_again_who_it_is_first(admin: User, person: AddPerson, sign_in: SignIn) -> None:
    ash = person("ash", Role.MODERATOR)
    set_up_app(sign_in_with_password("ash")[0])
    set_up_app(sign_in_with_password("keeper")[0])
    answer = sign_in(admin).post(f"/people/{ash.pk}/second-factor/reset")
    assert answer.headers["Location"].startswith("/account/confirm/code/")
    assert factors_of(ash) == {"totp", "recovery_codes"}


def test_an_admin_cannot_take_the_own_away(admin: User) -> None:
    client, _answer = sign_in_with_password("keeper")
    set_up_app(client)
    answer = client.post(f"/people/{admin.pk}/second-factor/reset", follow=True)
    assert "Ask another admin" in answer.content.decode()
    assert factors_of(admin) == {"totp", "recovery_codes"}


def test_the_only_admin_gets_back_in_from_the_servers_shell(admin: User, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_app(sign_in_with_password("keeper")[0])
    call_command("reset_factors", "keeper")
    assert factors_of(admin) == {"totp", "recovery_codes"}
    call_command("reset_factors", "keeper", "--yes")
    assert factors_of(admin) == set()
    assert AuditEvent.objects.get(action="factor.reset").actor == ""
    assert "keeper" in capsys.readouterr().out


# At rest


def test_neither_the_secret_nor_the_codes_stand_in_the_database(person: AddPerson) -> None:
    person("ash", Role.MODERATOR)
    client, _answer = sign_in_with_password("ash")
    page = client.get(APP).content.decode()
    secret = first_match(r'class="copy-link"[^>]*>([A-Z2-7]+)<', page, 1)
    assert client.session[SECRET_SESSION_KEY] != secret
    client.post(APP, {"code": code_for(secret)})
    assert SECRET_SESSION_KEY not in client.session
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not re.search(r"[0-9a-f]{80}", stored)  # the seed of the recovery codes as allauth makes it


def test_the_key_of_the_secrets_moves_with_a_rotation(person: AddPerson, settings: Settings, tmp_path: Path) -> None:
    settings.VAULT_KEYS_FILE = Path(shutil.copy(settings.VAULT_KEYS_FILE, tmp_path))
    person("ash", Role.MODERATOR)
    secret = set_up_app(sign_in_with_password("ash")[0])
    call_command("rotate_keys", "--yes", "--drop-old")
    assert len(read_key_file(settings.VAULT_KEYS_FILE).keys) == 1
    client, _answer = sign_in_with_password("ash")
    client.post(SECOND, {"code": code_for(secret)})
    assert is_in(client)
    assert CaseKey.objects.count() == 1
