"""Writes assistant/safety/lexicons/names.txt and vocabulary.txt anew. Needs sources that Lantern itself does not need:

pip install Faker==40.54.0 names==0.3.0     (both MIT; the lists of `names` are those of the US Census of 1990)
the word lists of SCOWL 2020.12.07, as in Debian's package `scowl`

python -m scripts.build_name_lists --scowl /usr/share/dict/scowl
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assistant.safety.spelling import LEXICONS
from assistant.safety.wordlist import fold, write_lists

ENGLISH = ("en", "en_US", "en_GB", "en_IE", "en_NZ", "en_IN")
MOST_CENSUS_SURNAMES = 14_000  # of 88,799, the commonest; beyond, each stands for fewer than one person in 100,000
WORD_SIZES = ("10", "20", "35", "40", "50")
COMMON_SIZES = ("10", "20", "35")
CAPITAL_SIZES = ("10", "35", "40", "50", "60")
VARIANTS = ("english", "american", "british")
_PART = re.compile(r"[a-z]+(?:'[a-z]+)?")

NAMES_COMMENT = """
Names that people have. Written by scripts/build_name_lists.py; do not edit by hand.
version 1
Sources: Faker 40.54.0 (MIT, Copyright (c) 2012 Daniele Faraglia), the first and last names of its locales in Latin script;
US Census Bureau 1990, by way of names 0.3.0 (MIT; the census lists are in the public domain).
english: first names usual in English-speaking countries. first: of other countries. last: family names. places: countries.
"""
VOCABULARY_COMMENT = """
English words, and words that are written with a capital and are no names. Written by scripts/build_name_lists.py.
version 1
Source: SCOWL 2020.12.07, Copyright 2000-2018 by Kevin Atkinson. Permission to use, copy, modify, distribute and sell
these word lists, the associated scripts, the output created from the scripts, and its documentation for any purpose is
hereby granted without fee, provided that the above copyright notice appears in all copies and that both that copyright
notice and this permission notice appear in supporting documentation. Kevin Atkinson makes no representations about the
suitability of this array for any purpose. It is provided "as is" without express or implied warranty.
common: sizes 10 to 35. words: sizes 40 and 50. capitals: places, peoples, days, brands.
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scowl", type=Path, required=True, help="the folder with english-words.10 and so on")
    parser.add_argument("--output", type=Path, default=LEXICONS)
    options = parser.parse_args(arguments)
    english, first, last = faker_names()
    english |= census_names("dist.male.first", 1_300) | census_names("dist.female.first", 4_300)
    last |= census_names("dist.all.last", MOST_CENSUS_SURNAMES)
    names = {"english": english, "first": first - english, "last": last, "places": countries()}
    write_lists(options.output / "names.txt", NAMES_COMMENT, {key: sorted(value) for key, value in names.items()})
    common = scowl_words(options.scowl, "words", COMMON_SIZES)
    words = scowl_words(options.scowl, "words", WORD_SIZES) - common
    capitals = scowl_words(options.scowl, "upper", CAPITAL_SIZES) - english - common
    vocabulary = {"common": sorted(common), "words": sorted(words), "capitals": sorted(capitals)}
    write_lists(options.output / "vocabulary.txt", VOCABULARY_COMMENT, vocabulary)
    for name in ("names.txt", "vocabulary.txt"):
        print(f"{name}: {(options.output / name).stat().st_size:,} bytes")
    return 0


def faker_names() -> tuple[set[str], set[str], set[str]]:
    package = importlib.import_module("faker.providers.person")
    english: set[str] = set()
    first: set[str] = set()
    last: set[str] = set()
    for module in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            if attribute.endswith("formats") or "pair" in attribute:
                continue
            if "first_name" in attribute:
                (english if module.name in ENGLISH else first).update(parts(getattr(provider, attribute)))
            elif "last_name" in attribute:
                last.update(parts(getattr(provider, attribute)))
    return english, first, last


def parts(value: Any) -> Iterator[str]:
    if not isinstance(value, (tuple, list, dict)):
        return
    for entry in value:
        for text in entry if isinstance(entry, tuple) else (entry,):
            if isinstance(text, str) and is_latin(text):
                yield from (part for part in _PART.findall(fold(text)) if len(part) > 1)


def is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(letter, "") for letter in text if letter.isalpha())


def census_names(name: str, most: int) -> set[str]:
    folder = Path(str(importlib.import_module("names").__file__)).parent
    lines = (folder / name).read_text(encoding="utf-8").splitlines()[:most]
    return {fold(line.split()[0]) for line in lines if len(line.split()[0]) > 1}


def countries() -> set[str]:
    package = importlib.import_module("faker.providers.address")
    provider = importlib.import_module(f"{package.__name__}.en").Provider
    return set(words_of(provider.countries))


def words_of(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (part for part in _PART.findall(fold(text)) if len(part) > 3)


def scowl_words(folder: Path, kind: str, sizes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for variant in VARIANTS:
        for size in sizes:
            path = folder / f"{variant}-{kind}.{size}"
            if path.exists():
                lines = path.read_text(encoding="iso-8859-1").split()
                found.update(fold(line) for line in lines if "'" not in line)
    if not found:
        raise SystemExit(f"--scowl {folder}: no lists of kind {kind}. Name the folder that holds english-words.10.")
    return found


if __name__ == "__main__":
    sys.exit(main())
