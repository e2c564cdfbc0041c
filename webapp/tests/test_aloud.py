"""What a screen reader is given while a suggestion is written, by the script alone in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "aloud.js"
PIECES = ["That sounds hard,", " and long. ", "“Is it late?” ", "You said", " you cook."]

# After each piece, and after the end, what is in the live region.
READ = """
async ([source, mode, pieces, ending]) => {
  const { Aloud } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const log = Object.assign(document.createElement("div"), { role: "log" });
  log.dataset.aloud = mode;
  document.documentElement.lang = "en";
  const aloud = new Aloud(log, { lang: "de" });
  const heard = () => [...log.children].map((line) => `${line.lang}: ${line.textContent}`);
  const steps = [];
  for (const piece of pieces) {
    aloud.hear(piece);
    steps.push(heard());
  }
  if (ending === "clear") aloud.clear();
  if (ending === "finish") aloud.finish();
  aloud.say("2 suggested changes");
  steps.push(heard());
  return steps;
}
"""
FIRST, SECOND, THIRD = "de: That sounds hard, and long.", "de: “Is it late?”", "de: You said you cook."
OUTCOME = "en: 2 suggested changes"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    return chromium.new_page()


def read(page: Page, mode: str, *, ending: str = "finish", pieces: list[str] = PIECES) -> list[list[str]]:
    steps: Any = page.evaluate(READ, [SCRIPT.read_text(encoding="utf-8"), mode, pieces, ending])
    return list(steps)


def test_sentence_by_sentence_each_is_read_once_it_is_whole(page: Page) -> None:
    [*steps, end] = read(page, "sentences")
    assert steps == [[], [FIRST], [FIRST, SECOND], [FIRST, SECOND], [FIRST, SECOND, THIRD]]
    assert end == [FIRST, SECOND, THIRD, OUTCOME]


def test_sentence_by_sentence_what_ends_without_a_stop_is_read_at_the_end(page: Page) -> None:
    assert read(page, "sentences", pieces=["Hello. ", "And then"])[-1] == ["de: Hello.", "de: And then", OUTCOME]


def test_only_when_finished_all_of_it_is_read_at_once(page: Page) -> None:
    [*steps, end] = read(page, "finished")
    assert steps == [[]] * len(PIECES)
    assert end == ["de: That sounds hard, and long. “Is it late?” You said you cook.", OUTCOME]


def test_switched_off_only_what_became_of_it_is_told(page: Page) -> None:
    [*steps, end] = read(page, "off")
    assert steps == [[]] * len(PIECES)
    assert end == [OUTCOME]


@pytest.mark.parametrize("mode", ["sentences", "finished", "off"])
def test_what_was_taken_back_is_never_read_later(page: Page, mode: str) -> None:
    assert read(page, mode, ending="clear")[-1] == [OUTCOME]
