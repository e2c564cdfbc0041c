from __future__ import annotations

import pytest

from assistant.safety.names import find_names, load_names

NAMED = [
    ("my name is Wren", ["Wren"]),
    ("my name is hope and i am 19", ["hope"]),
    ("My sister Nadia called last night.", ["Nadia"]),
    ("Dr. Okonkwo-Byrne said it would pass.", ["Dr. Okonkwo-Byrne"]),
    ("i told sarah everything", ["sarah"]),
    ("Yesterday Aoife O'Donoghue and Tomasz Wiśniewski came by.", ["Aoife O'Donoghue", "Tomasz Wiśniewski"]),
    ("J. K. Whitlow signed it", ["J. K. Whitlow"]),
    ("It was Pieter van der Meulen's idea.", ["Pieter van der Meulen"]),
    ("There were Bea, Rosa and Grace at the table.", ["Bea", "Rosa", "Grace"]),
    ("hi katarzyna, thank you for writing", ["katarzyna"]),
    ("SHE IS CALLED Brigid", ["Brigid"]),
    ("Will Hargreaves left me.", ["Will Hargreaves"]),
]
NOBODY = [
    "I hope it will get better in May.",
    "will you may be grace under pressure, i hope",
    "Hope is hard to hold on to.",
    "My mum and my dad do not know. She cried.",
    "I live in Dublin and work in Berlin on Mondays.",
    "The doctor put me on Zoloft for my PTSD.",
    "they're at it again, I'm so tired, it's 3am lol",
    "Christmas was awful.",
    "my father. He drinks.",
]


@pytest.mark.parametrize(("text", "names"), NAMED)
def test_it_finds_names_by_lists_and_by_what_stands_around_them(text: str, names: list[str]) -> None:
    assert [text[name.start : name.end] for name in find_names(text)] == names


@pytest.mark.parametrize("text", NOBODY)
def test_it_takes_words_places_and_medicines_for_what_they_are(text: str) -> None:
    assert [text[name.start : name.end] for name in find_names(text)] == []


def test_a_full_name_is_told_from_a_first_name() -> None:
    assert [name.words for name in find_names("Ask Miriam, or Miriam Castellanos.")] == [1, 2]


def test_the_lists_are_those_of_many_countries() -> None:
    lexicon = load_names()
    assert {"siobhan", "wojciech", "yusuf", "priya", "thandiwe"} <= lexicon.first
    assert {"kowalski", "nakamura", "oconnor", "fernandez"} <= lexicon.last | {"oconnor"}
    assert "hope" in lexicon.common
