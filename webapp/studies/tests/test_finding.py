"""The page that opens a study says what a study of this size can find."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from webapp import test as build
from webapp.accounts.models import User
from webapp.studies import finding, planning, reporting
from webapp.studies.models import Study
from webapp.studies.tests import research

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder() -> User:
    return research.person_of_research()


@pytest.fixture(autouse=True)
def nothing_is_known_from_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    finding._power.cache_clear()
    monkeypatch.setattr(finding, "SECONDS", 120)
    yield
    finding._power.cache_clear()


def said_of(study: Study, by: User) -> str:
    return build.read(research.client_of(by).get(f"/studies/research/{study.id}/check"))


@pytest.mark.skipif(bool(reporting.missing_packages()), reason="The lab is not installed: make lab.")
@pytest.mark.timeout(600)
def test_it_says_what_the_promise_can_show_and_that_more_people_show_more(alder: User) -> None:
    study = research.planned(alder, items=12, raters=3)
    planning.promise(study, candidate="improved", reference="alone", dimension="empathy", margin=0.4, by=alder)
    page = said_of(study, alder)
    assert "Lay panel" in page
    assert "Clinician panel" not in page  # it is not asked
    assert "no worse than the promised 0.4 in" in page
    assert "more raters would" in page
    smallest = re.search(r"found in 80 of 100 is ([0-9.]+) points", page)
    assert smallest
    more = json.loads(finding._power(12, 2, 15, 2, None))
    assert more["smallest_effect"] < float(smallest[1])


def test_it_says_what_is_needed_before_anything_can_be_worked_out(alder: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "NEEDED", ("json",))
    assert "two arms, two items and two raters" in said_of(research.planned(alder, raters=1), alder)


def test_where_the_lab_is_missing_it_says_what_to_do(alder: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "NEEDED", ("json", "no_such_package_at_all"))
    assert "Whoever runs the site installs them with make lab." in said_of(research.planned(alder), alder)


def test_a_lab_that_breaks_keeps_no_page_from_being_shown(alder: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "NEEDED", ("json",))
    monkeypatch.setattr(reporting, "PROGRAM", "no_such_program_at_all")
    page = said_of(research.planned(alder), alder)
    assert "The lab could not work this out now." in page
    assert "Open the study" in page


def test_of_pairs_nothing_is_said(alder: User) -> None:
    assert "What it can find" not in said_of(research.planned(alder, form="pairs"), alder)
