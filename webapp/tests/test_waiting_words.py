"""The script tells somebody who waits the same as the page without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from assistant.tests.test_waiting import WORDS

pytestmark = pytest.mark.browser

SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "waiting.js"


def test_the_script_says_the_words_of_the_page(chromium: Browser) -> None:
    told = chromium.new_page().evaluate(
        """async ([source, places]) => {
          const { waitingWords } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          return places.map(([ahead, seconds]) => waitingWords({ ahead, seconds }));
        }""",
        [SCRIPT.read_text(encoding="utf-8"), [list(place) for place in WORDS]],
    )
    assert told == list(WORDS.values())
