"""Trials in a real browser: started, watched and stopped by keyboard, on a narrow screen, with axe."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from assistant.inference.engine import EngineError
from assistant.models import Canary
from assistant.tests.trials import rules, trial_in
from webapp.test import Cast
from webapp.tests.browser import check_page, signed_in_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("queries_beside_a_loop"),
]


@pytest.mark.deep
def test_an_admin_tries_a_candidate_and_is_told_that_another_went_back(
    cast: Cast,
    chromium: Browser,
    live_server: LiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    trial = trial_in(tmp_path, cast, monkeypatch, settings)
    trial.start(rules=rules(errors=1))
    trial.engine.says["warmer"] = EngineError("It broke.")
    trial.run_one("candidate")
    page = signed_in_page(chromium, live_server, cast.willow)
    page.goto(f"{live_server.url}/canaries/")
    expect(page.get_by_role("heading", name="warmer was rolled back")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="I have seen it").press("Enter")
    expect(page.get_by_role("heading", name="warmer was rolled back")).to_have_count(0)

    page.get_by_label("Candidate", exact=True).select_option(label="warmer")
    page.locator("#id_held").fill("99")
    page.get_by_role("button", name="Start", exact=True).press("Enter")
    page.locator("#id_held").fill("5")
    page.get_by_role("button", name="Start", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Stop it")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Stop it").press("Enter")
    expect(page.get_by_text("Stopped. The active model answers")).to_be_visible()
    assert not Canary.objects.running().exists()
