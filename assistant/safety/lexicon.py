"""Word lists from lexicons/*.toml: versioned, with their source, checked when they are read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.safety.phrases import Choice, Phrase, PhraseBook, PhraseError, Step, parse_phrases
from assistant.safety.rules import Rule, severities
from assistant.safety.spelling import LEXICONS, load_spelling
from assistant.safety.types import Level, Severity

_SEVERITIES = {"note": Severity.NOTE, "review": Severity.REVIEW, "hold": Severity.HOLD}


class LexiconError(ValueError):
    """A lexicon is missing or does not say what it should. The phase that needs it is then missing, which holds."""


@dataclass(frozen=True, slots=True)
class LexiconRule:
    rule: Rule
    negatable: bool  # "not" shortly before a match cancels it
    yields_to: tuple[str, ...]  # rules whose matches already say what this one would say inside them


@dataclass(frozen=True, slots=True)
class Lexicon:
    name: str
    version: int
    source: str
    rules: dict[str, LexiconRule]
    phrases: PhraseBook
    exceptions: PhraseBook
    subjects: dict[str, frozenset[str]]  # further word lists of a phase, under names that the phase knows


def load_lexicon(name: str, folder: Path = LEXICONS) -> Lexicon:
    path = folder / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _build(name, table)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise LexiconError(f"{path.name}: cannot be read ({type(error).__name__}). Restore the file.") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LexiconError(f"{path.name}: {error}. Correct the entry.") from error


def _build(name: str, table: dict[str, Any]) -> Lexicon:
    groups: dict[str, list[str]] = table.get("groups", {})
    known: dict[str, Step] = {}
    fillers = load_spelling().fillers
    rules: dict[str, LexiconRule] = {}
    phrases: dict[str, list[Phrase]] = {}
    exceptions: dict[str, list[Phrase]] = {}
    for entry in table["rule"]:
        short = entry["name"]
        given = {kind: _SEVERITIES[entry[kind]] for kind in ("post", "suggestion", "reply") if kind in entry}
        rule = Rule(
            f"{name}.{short}",
            entry["reason"],
            severities(**given),
            Level(entry.get("level", 0)),
            str(entry.get("source", "")),
        )
        rules[short] = LexiconRule(
            rule, negatable=entry.get("negatable", True), yields_to=tuple(entry.get("yields_to", ()))
        )
        phrases[short] = _parse_all(entry["phrases"], groups, known)
        exceptions[short] = _parse_all(entry.get("except", []), groups, known)
    if any(not of_rule for of_rule in phrases.values()):
        raise LexiconError(f"{name}.toml: a rule without phrases finds nothing. Add phrases or remove the rule.")
    return Lexicon(
        name=name,
        version=int(table["version"]),
        source=str(table["source"]),
        rules=rules,
        phrases=PhraseBook(phrases, fillers),
        exceptions=PhraseBook(exceptions, fillers),
        subjects={key: frozenset(words) for key, words in table.get("subjects", {}).items()},
    )


def _parse_all(sources: list[str], groups: dict[str, list[str]], known: dict[str, Step]) -> list[Phrase]:
    parsed = [phrase for source in sources for phrase in parse_phrases(source, groups, known)]
    for phrase in parsed:
        for step in phrase:
            if isinstance(step, Choice):
                _require_meant_words(step)
    return parsed


def _require_meant_words(choice: Choice) -> None:
    """A phrase written in a form that reading undoes ("dont", "wanna") would never match anything."""
    meant = load_spelling().meant
    for atoms in choice.options:
        for atom in atoms:
            if atom in meant and meant[atom] != (atom,):
                raise PhraseError(f"word {atom!r} is read as {' '.join(meant[atom])!r}; write that")
