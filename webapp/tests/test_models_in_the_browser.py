"""The pages of models in a real browser: a member reads by keyboard and signs; every page with axe, on a narrow screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from assistant.models import ModelVersion, SignOff
from assistant.tests import gguf_files, panel_files
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


@pytest.fixture
def warmer(tmp_path: Path, settings: Settings) -> ModelVersion:
    """A candidate for the place of `warm`, which the gate refused."""
    base = gguf_files.base(tmp_path / "tiny.gguf")
    call_command("models", "add", str(base))
    for seed, name in enumerate(("warm", "warmer"), start=7):
        file = gguf_files.adapter(tmp_path / f"{name}.gguf", of=base, seed=seed)
        call_command("models", "add", str(gguf_files.papers(file, base=base)))
    for name in ("tiny", "warm"):
        call_command("models", "activate", name)
    settings.LIVE = True
    return ModelVersion.objects.get(name="warmer")


@pytest.mark.deep
def test_a_member_reads_by_keyboard_and_signs(
    tmp_path: Path, warmer: ModelVersion, chromium: Browser, live_server: LiveServer
) -> None:
    hazel = build.person("hazel", Role.CLINICIAN)
    panel_files.sample(panel_files.outputs(tmp_path / "outputs.jsonl", count=20), warmer)
    page = signed_in_page(chromium, live_server, hazel)
    page.goto(f"{live_server.url}/models/")
    check_page(page)
    page.get_by_role("link", name="warmer").click()
    check_page(page)
    page.get_by_role("link", name="Read it: 0 of 20 done").press("Enter")
    check_page(page)
    for _ in range(20):
        page.get_by_label("Fine", exact=True).press("Space")
        page.get_by_role("button", name="Say it, and go on").press("Enter")
    expect(page.get_by_role("heading", name="What you say of warmer")).to_be_visible()
    check_page(page)
    page.get_by_label("May answer people", exact=True).check()
    page.get_by_label("Why").fill("It keeps to the draft.")
    page.get_by_role("button", name="Put my name to it").press("Enter")
    expect(page.get_by_text("It keeps to the draft.")).to_be_visible()
    check_page(page)
    assert SignOff.objects.get().version == warmer


@pytest.mark.deep
def test_two_admins_do_without_the_gate(warmer: ModelVersion, chromium: Browser, live_server: LiveServer) -> None:
    willow, fern = (
        signed_in_page(chromium, live_server, build.person(name, Role.ADMIN)) for name in ("willow", "fern")
    )
    address = f"{live_server.url}/models/{warmer.id}/"
    willow.goto(address)
    willow.get_by_label("Why it should answer").fill("The active one repeats itself.")
    willow.get_by_role("button", name="Propose it").press("Enter")
    expect(willow.get_by_text("This is your own proposal")).to_be_visible()
    check_page(willow)
    fern.goto(address)
    fern.get_by_role("button", name="Confirm it, and let it answer").press("Enter")
    # The panel's word is nobody's to override.
    expect(fern.get_by_text("has to read a sample of its outputs and sign it off").first).to_be_visible()
