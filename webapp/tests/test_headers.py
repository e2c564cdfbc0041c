"""What every answer says to browsers and caches, on every page that the table of URLs has."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from django.conf import settings as written
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from moderation.models import Flag
from webapp import environment
from webapp.middleware import page_above
from webapp.test import PASSWORD, Cast
from webapp.tests.stage import URLS, Stage, held_reply, undone

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

Page: TypeAlias = "_MonkeyPatchedWSGIResponse"

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'nonce-'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
EVERYWHERE = {
    "Cache-Control": "no-store, private",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def policy_of(answer: Page) -> dict[str, str]:
    header = re.sub(r"'nonce-[^']+'", "'nonce-'", answer.headers["Content-Security-Policy"])
    return {part.split()[0]: " ".join(part.split()[1:]) for part in header.split(";")}


def check(answer: Page, where: str = "") -> None:
    assert {name: answer.headers[name] for name in EVERYWHERE} == EVERYWHERE, where
    expected = dict(POLICY)
    if b"nonce=" not in answer.content:
        expected["script-src"] = "'self'"  # a nonce is only made for a page that uses one
    assert policy_of(answer) == expected, where
    for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
        assert name not in answer.headers, where


def test_every_address_says_it_to_who_is_signed_in_and_to_who_is_not_and_no_page_has_scripts_of_its_own(
    stage: Stage,
) -> None:
    for name in URLS:
        with undone():
            for client in (stage.client_for(name), Client()):
                page = client.get(stage.address(name))
                check_for_own_scripts(page, name)
                for answer in (page, client.post(stage.address(name))):
                    check(answer, name)


def check_for_own_scripts(answer: Page, where: str) -> None:
    """The policy would stop them; a page that needs them would be broken."""
    page = answer.content.decode()
    scripts = re.findall(r"<script([^>]*)>", page)
    runs = [attributes for attributes in scripts if 'type="application/json"' not in attributes]  # that is data
    assert all("src=" in attributes or "nonce=" in attributes for attributes in runs), where
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page), where
    assert "<style" not in page, where


@pytest.mark.parametrize("path", ["/nowhere", "/drafts/x/", "/jobs/00000000-0000-4000-8000-000000000000/stream"])
def test_a_page_that_is_not_there_says_it_too(cast: Cast, client: Client, path: str) -> None:
    client.force_login(cast.wren)
    answer = client.get(path)
    assert answer.status_code == 404
    check(answer)


def test_a_refused_form_and_an_unreadable_one_say_it_too(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.wren)
    refused = client.post("/posts/next")
    assert refused.status_code == 403
    check(refused)
    unreadable = client.post("/posts/next", b"a=%ff", content_type="application/x-www-form-urlencoded")
    assert unreadable.status_code == 400
    check(unreadable)
    assert Client().get("/", headers={"Host": "evil.example"}).headers["Cache-Control"] == "no-store, private"


def test_an_error_of_ours_says_it_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("assistant.screens.writing.triage_of", fails)
    monkeypatch.setattr("assistant.views.posts.draft_row", fails)
    client = Client(raise_request_exception=False)
    client.force_login(cast.wren)
    client.post("/posts/next")
    from webapp.test import draft

    answer = client.get(f"/drafts/{draft(cast.wren).id}/")
    assert answer.status_code == 500
    check(answer)


def test_each_page_has_a_nonce_of_its_own(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    nonces = {client.get("/posts/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(nonces) == 3


# Cookies


def with_address(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    """The cookie and header settings that a start with this PUBLIC_URL would have."""
    monkeypatch.setattr(environment, "load_file", lambda path: None)
    monkeypatch.setenv("PUBLIC_URL", url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    fresh = runpy.run_path(str(Path(written.BASE_DIR) / "webapp" / "settings.py"))
    for name in fresh:
        if name.startswith(("SESSION_", "CSRF_", "SECURE_")) or name == "ALLOWED_HOSTS":
            setattr(settings, name, fresh[name])


def cookies_after_signing_in(client: Client, *, secure: bool) -> dict[str, Any]:
    cache.clear()
    host = {"Host": "lantern.example.org" if secure else "127.0.0.1"}
    client.get("/sign-in/", headers=host, secure=secure)
    client.post("/sign-in/", {"login": "wren", "password": PASSWORD}, headers=host, secure=secure)
    return dict(client.cookies)


def test_cookies_over_http_stay_with_the_site_and_away_from_scripts(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_address(settings, monkeypatch, tmp_path, "http://127.0.0.1:8000")
    cookies = cookies_after_signing_in(Client(), secure=False)
    assert set(cookies) - {"messages"} == {"session", "csrf"}
    assert cookies["session"]["httponly"]
    assert {cookie["samesite"] for cookie in cookies.values()} == {"Lax"}
    assert not any(cookie["secure"] or cookie["domain"] for cookie in cookies.values())


def test_cookies_over_https_are_for_this_host_and_https_alone(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_address(settings, monkeypatch, tmp_path, "https://lantern.example.org")
    cookies = cookies_after_signing_in(Client(), secure=True)
    assert set(cookies) - {"messages"} == {"__Host-session", "__Host-csrf"}
    for name in ("__Host-session", "__Host-csrf"):
        assert cookies[name]["secure"]
        assert cookies[name]["path"] == "/"
        assert not cookies[name]["domain"]
        assert cookies[name]["samesite"] == "Lax"
    assert cookies["__Host-session"]["httponly"]
    if "messages" in cookies:
        assert cookies["messages"]["secure"]


def test_https_is_remembered_by_browsers(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "Strict-Transport-Security" not in Client().get("/sign-in/").headers
    with_address(settings, monkeypatch, tmp_path, "https://lantern.example.org")
    answer = Client().get("/sign-in/", headers={"Host": "lantern.example.org", "X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


# Who is not signed in, and addresses that only take forms


def test_a_button_of_a_page_says_signed_out_and_does_not_leave_the_page(cast: Cast) -> None:
    from webapp.test import draft

    answer = Client().post(f"/drafts/{draft(cast.wren).id}/check", {"text": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert not {"HX-Refresh", "HX-Redirect", "Location"} & set(answer.headers)


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("http://testserver/drafts/1/?x=1", "/drafts/1/"),
        ("http://evil.example/drafts/1/", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_is_where_the_form_was(came_from: str, goes_to: str) -> None:
    answer = Client().post("/posts/next", headers={"Referer": came_from})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/sign-in/?next={goes_to}"


@pytest.mark.parametrize("what", ["decide", "note", "take-over"])
def test_who_sends_a_form_from_a_refused_page_without_a_session_comes_to_its_page(cast: Cast, what: str) -> None:
    flag = Flag.objects.get(reply=held_reply(cast.wren))
    address = f"/moderation/flags/{flag.id}/{what}"
    client = Client(headers={"Accept": "text/html"})
    to_sign_in = client.post(address, headers={"Referer": f"http://testserver{address}"}).headers["Location"]
    assert to_sign_in == f"/sign-in/?next={address}"
    client.force_login(cast.ash)
    page = client.get(address, headers={"Referer": f"http://testserver{to_sign_in}"}, follow=True)
    assert page.redirect_chain == [(f"/moderation/flags/{flag.id}/", 302)]
    assert "what you sent last did not arrive" in page.content.decode()


def test_the_page_above_a_form_is_one_that_there_is() -> None:
    number = "00000000-0000-4000-8000-000000000000"
    assert page_above(f"/moderation/decisions/{number}/undo") == "/moderation/"
    assert page_above("/posts/next") == "/posts/"


def test_an_address_that_only_takes_forms_says_so_on_a_page(cast: Cast) -> None:
    from webapp.test import draft

    client = Client()
    client.force_login(cast.wren)
    answer = client.get(f"/drafts/{draft(cast.wren).id}/send", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert b"Nothing was sent and nothing was lost" in answer.content
    check(answer)
