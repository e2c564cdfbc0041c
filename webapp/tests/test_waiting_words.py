"""The script tells somebody who waits the same as the page without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from assistant.tests.test_waiting import WORDS

pytestmark = pytest.mark.browser

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"


def test_the_script_says_the_words_of_the_page(chromium: Browser) -> None:
    told = chromium.new_page().evaluate(
        """async ([words, source, places]) => {
          const made = (script) => URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
          const { waitingWords } = await import(made(source.replace("./words.js", made(words))));
          return places.map(([ahead, seconds]) => waitingWords({ ahead, seconds }));
        }""",
        [
            *((SCRIPTS / name).read_text(encoding="utf-8") for name in ("words.js", "waiting.js")),
            [list(place) for place in WORDS],
        ],
    )
    assert told == list(WORDS.values())
