"""The script that makes suggested changes in the live text, in a real browser, on changes that the server really makes."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from assistant.changes import changes_between

pytestmark = pytest.mark.browser

SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "place.js"
SENTENCES = [
    "Thank you for writing.",
    "I know how long a night can be.",
    "You should sleep more.",
    "Is there somebody near you?",
    "My own year went wrong too — badly.",
    "Nothing has to be solved today.",
    "It sounds as if you carry that alone!",
    "I am here for a while.",
]

# Takes every change in the given order, then takes all of them back in another one.
WALK = """
async ([source, cases]) => {
  const place = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  return cases.map(({ draft, changes, order, back }) => {
    let text = draft;
    const live = changes.map((change) => ({ ...change, state: "" }));
    const made = new Map();
    const aside = [];
    for (const index of order) {
      const edit = place.placeOf(text, live, index);
      if (!edit) {
        aside.push(index);
        continue;
      }
      made.set(index, place.remember(text, edit));
      text = place.apply(text, edit);
      live[index].state = "accepted";
    }
    const accepted = text;
    for (const index of back) {
      const edit = live[index].state ? place.placeOfUndo(text, live, index, made.get(index)) : null;
      if (edit) text = place.apply(text, edit);
      if (edit) live[index].state = "";
    }
    return { accepted, undone: text, aside };
  });
}
"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    return chromium.new_page()


def walk(page: Page, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = page.evaluate(WALK, [SCRIPT.read_text(encoding="utf-8"), cases])
    return result


def case(draft: str, suggestion: str, *, typed: str | None = None, order: list[int] | None = None) -> dict[str, Any]:
    """`typed` is what the draft has become since the suggestion was asked for."""
    changes = [asdict(change) for change in changes_between(draft, suggestion)]
    wanted = [change["index"] for change in changes if change["kind"] != "keep"]
    return {
        "draft": draft if typed is None else typed,
        "changes": changes,
        "order": wanted if order is None else order,
        "back": wanted[::-1],
    }


def random_texts(dice: random.Random) -> tuple[str, str]:
    old = dice.sample(SENTENCES, dice.randint(0, 5))
    new = [
        sentence.replace("you", "you really") if dice.random() < 0.3 else sentence
        for sentence in old
        if dice.random() > 0.2
    ]
    for _ in range(dice.randint(0, 2)):
        new.insert(dice.randint(0, len(new)), dice.choice([s for s in SENTENCES if s not in old]))
    return " ".join(old), " ".join(dict.fromkeys(new))


def words_of(text: str) -> list[str]:
    return text.split()


def test_every_change_taken_in_any_order_gives_the_words_of_the_suggestion(page: Page) -> None:
    dice = random.Random(7)
    pairs = [random_texts(dice) for _ in range(500)]
    cases = [case(draft, suggestion) for draft, suggestion in pairs]
    for prepared in cases:
        dice.shuffle(prepared["order"])
    wrong = [
        (pair, result)
        for pair, result in zip(pairs, walk(page, cases), strict=True)
        if result["aside"] or words_of(result["accepted"]) != words_of(pair[1])
    ]
    assert wrong == []


def test_undoing_all_of_them_the_other_way_round_gives_the_draft_exactly(page: Page) -> None:
    dice = random.Random(8)
    pairs = [random_texts(dice) for _ in range(500)]
    cases = [case(draft, suggestion) for draft, suggestion in pairs]
    wrong = [
        (pair, result) for pair, result in zip(pairs, walk(page, cases), strict=True) if result["undone"] != pair[0]
    ]
    assert wrong == []


def test_what_was_typed_elsewhere_meanwhile_stays(page: Page) -> None:
    draft, suggestion = "You should sleep more. I am here.", "Nights can be long. I am here."
    result = walk(page, [case(draft, suggestion, typed="Hello you. You should sleep more. I am here. Write back.")])[0]
    assert result["accepted"] == "Hello you. Nights can be long. I am here. Write back."


def test_a_sentence_that_was_rewritten_meanwhile_is_set_aside(page: Page) -> None:
    draft, suggestion = "You should sleep more. I am here.", "Nights can be long. I am here."
    typed = "You should perhaps sleep a little. I am here."
    assert walk(page, [case(draft, suggestion, typed=typed)])[0] == {"accepted": typed, "undone": typed, "aside": [0]}


def test_words_put_in_front_of_a_sentence_make_it_another_one(page: Page) -> None:
    draft, suggestion = "you should sleep more. I am here.", "Nights can be long. I am here."
    typed = "My aunt says you should sleep more. I am here."
    assert walk(page, [case(draft, suggestion, typed=typed)])[0]["accepted"] == typed


def test_of_two_equal_sentences_the_one_in_its_place_is_changed(page: Page) -> None:
    draft = "I am here. You can write. I am here."
    result = walk(page, [case(draft, "I am here. You can write. I stay a while.")])[0]
    assert result["accepted"] == "I am here. You can write. I stay a while."
