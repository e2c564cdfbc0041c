"""The Spanish of the pages: what is declared complete is, places keep their names, and what is compiled is what is written."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings

from webapp.script_words import of_language

FOLDERS = [Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES" for code, _ in settings.LANGUAGES if code != "en"]
SOURCES = [folder / name for folder in FOLDERS for name in ("django.po", "djangojs.po")]
NAMES = [f"{path.parent.parent.name}/{path.name}" for path in SOURCES]

# Every sentence of these is translated, and stays so.
COMPLETE = (
    "assistant/",
    "moderation/",
    "sentences_in_data.py",
    "static/js/",
    "templates/",
    "templates/accounts/language.html",
    "webapp/",
)


@dataclass
class Entry:
    """One of a catalogue. `said` is in the order of its plural forms."""

    files: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    message: str = ""
    plural: str = ""
    context: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def is_translated(self) -> bool:
        return all(self.said) and "fuzzy" not in self.flags


def entries(path: Path) -> list[Entry]:
    """Without its head."""
    read = [entry(block) for block in path.read_text(encoding="utf-8").split("\n\n")]
    return [one for one in read if one.message]


def entry(block: str) -> Entry:
    found, keyword = Entry(), ""
    texts: dict[str, str] = {}
    for line in block.splitlines():
        if line.startswith("#: "):
            found.files += line[3:].split()
        elif line.startswith("#, "):
            found.flags |= set(line[3:].split(", "))
        elif said := re.match(r'(?:(msg\w+(?:\[\d\])?) )?(".*")$', line):
            keyword = said[1] or keyword
            texts[keyword] = texts.get(keyword, "") + str(ast.literal_eval(said[2]))
    found.message, found.plural = texts.get("msgid", ""), texts.get("msgid_plural", "")
    found.context = texts.get("msgctxt", "")
    found.said = [text for name, text in texts.items() if name.startswith("msgstr")]
    return found


def places(sentence: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|\{\w+\}|%%", sentence))


def is_declared(one: Entry) -> bool:
    return any(name.startswith(COMPLETE) for name in one.files)


def share(of: Iterable[Entry]) -> str:
    all_of = list(of)
    done = sum(one.is_translated for one in all_of)
    return f"{done} of {len(all_of)} ({done / max(1, len(all_of)):.0%})"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_what_is_declared_complete_is_translated(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = entries(path)
    with capsys.disabled():
        print(f"\n{path.parent.parent.name}/{path.name}: {share(found)} sentences are translated")  # noqa: T201
    assert [one.message for one in found if is_declared(one) and not one.is_translated] == []


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_every_translation_keeps_the_named_places(path: Path) -> None:
    """Of a plural the form for one may say the number in a word."""
    wrong = []
    for one in entries(path):
        wanted = {(*places(one.message),), (*places(one.plural or one.message),)}
        for said in one.said:
            if said and (*places(said),) not in wanted and not set(places(said)) <= set(places(one.plural)):
                wrong.append((one.message, said))
    assert wrong == []


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_every_translation_begins_and_ends_as_its_sentence(path: Path) -> None:
    """A full stop or a blank that is lost shows where sentences follow each other."""
    ends = [
        (one.message, said)
        for one in entries(path)
        for said in one.said
        if said and end_of(one.message) != end_of(said)
    ]
    assert ends == []


def end_of(sentence: str) -> str:
    return "".join(sentence[at] for at in (-1,) if sentence[at] in ".:?\n ")


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_nothing_is_left_doubtful(path: Path) -> None:
    assert [one.message for one in entries(path) if "fuzzy" in one.flags] == []


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # no public way to list it
    written: dict[object, str] = {}
    for one in entries(path):
        message = f"{one.context}\x04{one.message}" if one.context else one.message
        if one.is_translated and one.plural:
            written |= {(message, number): said for number, said in enumerate(one.said)}
        elif one.is_translated:
            written[message] = one.said[0]
    assert {message: said for message, said in compiled.items() if message} == written, "Run `make messages`."


def test_a_page_in_english_brings_no_sentences_for_scripts() -> None:
    assert of_language("en") is None


def test_a_page_in_spanish_brings_them_with_a_form_for_one_and_for_more() -> None:
    words = of_language("es")
    assert words is not None
    assert words["Not saved yet"] == "Aún sin guardar"
    assert words["%(count)s open flag"] == ["%(count)s aviso abierto", "%(count)s avisos abiertos"]


def test_the_sentences_for_scripts_stay_small() -> None:
    """They come with every page that is not in English."""
    for code, _ in settings.LANGUAGES:
        assert len(str(of_language(code) or "")) < 12_000, code
