"""What a reply to somebody in danger should hold, as a yes/no flow; what the post's level makes mandatory is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

from assistant.safety import policy
from assistant.safety.contacts import contacts_in
from assistant.safety.helplines import Helpline, all_helplines
from assistant.safety.lexicon import LexiconRule
from assistant.safety.phases.crisis import Crisis
from assistant.safety.phases.links import book_numbers, lines_of_host
from assistant.safety.phrases import Match, by_rule
from assistant.safety.policy import Policy
from assistant.safety.reading import Reading, read
from assistant.safety.reported import stands_in_one_sentence
from assistant.safety.rules import Rule, severities
from assistant.safety.types import Context, Finding, Kind, Level, Severity
from assistant.safety.worded import WordedPhase, is_negated
from assistant.safety.words import split_words


class Element(StrEnum):
    """A question of the flow, answered yes or no for a text."""

    NOTICED = "noticed"
    ASKED = "asked"
    RESOURCE = "resource"
    PEOPLE = "people"
    LIMITS = "limits"


_RESOURCE_HOLDS_FROM = Level.METHOD
_BY_PHRASE = frozenset(element.value for element in Element)

_NUDGE = severities(suggestion=Severity.NOTE, reply=Severity.NOTE)
# A suggestion is not sent: what it lacks is told to the supporter, and the reply is where it must be.
_LOOK = severities(suggestion=Severity.NOTE, reply=Severity.REVIEW)
_HOLD = severities(suggestion=Severity.NOTE, reply=Severity.HOLD)
RESOURCE_REQUIRED = Rule(
    "support.resource_required",
    "The post speaks of a method, a plan or an attempt, and this names no helpline or emergency service.",
    _HOLD,
    source="C-SSRS triage practice",
)
MISSING: dict[Element, Rule] = {
    Element.NOTICED: Rule(
        "support.not_noticed",
        "The post holds signs of danger, and this does not show that they were seen.",
        _NUDGE,
        source="VERA-MH rubric",
    ),
    Element.ASKED: Rule(
        "support.not_asked",
        "The post speaks of a method or a plan. Asking plainly about suicide does not raise the risk.",
        _NUDGE,
        source="#chatsafe 2.0 (Orygen)",
    ),
    Element.RESOURCE: Rule(
        "support.no_resource",
        "The post speaks of suicide or self-harm, and this names no helpline or emergency service.",
        _LOOK,
        source="NSPA 2016",
    ),
    Element.PEOPLE: Rule(
        "support.no_people",
        "The danger may be near. Ask whether somebody can be with them.",
        _NUDGE,
        source="#chatsafe 2.0 (Orygen)",
    ),
}


def mandatory_for(level: Level, rules: Callable[[], Policy] = policy.current) -> tuple[Element, ...]:
    """What the deployment's policy asks for. Raises when the policy cannot be read, and then nothing is called checked."""
    return tuple(Element(name) for name in rules().mandatory[level])


class Support(WordedPhase):
    name = "support"

    def __init__(self, rules: Callable[[], Policy] = policy.current) -> None:
        super().__init__()
        self._rules = rules
        faults = (rule for rule in self.rules if rule.severities)  # the others are the flow's questions
        self.rules = (*faults, *MISSING.values(), RESOURCE_REQUIRED)
        self.kinds = frozenset({Kind.SUGGESTION, Kind.REPLY})
        self._crisis = Crisis()
        all_helplines()  # a book that cannot be read must be known now: the phase is then missing

    def check(self, text: str, context: Context) -> Iterator[Finding]:
        yield from super().check(text, context)
        if not context.whole:
            return
        level = self.level_of(context)
        wanted = mandatory_for(level, self._rules)
        if not wanted:
            return
        given = self.elements_in(text, context)
        for element in wanted:
            if element not in given:
                holds = element is Element.RESOURCE and level >= _RESOURCE_HOLDS_FROM
                yield (RESOURCE_REQUIRED if holds else MISSING[element]).finding(context.kind)

    def judge(self, entry: LexiconRule, match: Match, reading: Reading, context: Context) -> Rule | None:
        """A question's two halves stand in one sentence."""
        return super().judge(entry, match, reading, context) if stands_in_one_sentence(reading.words, match) else None

    def level_of(self, context: Context) -> Level:
        """The stored level; without one, what the crisis phase says of the post."""
        if context.level is not Level.NONE or not context.post:
            return context.level
        asked = Context(Kind.POST, language=context.language, country=context.country)
        findings = list(self._crisis.check(context.post, asked))
        level = max((finding.level for finding in findings), default=Level.NONE)
        if level is Level.NONE and any(finding.severity >= Severity.HOLD for finding in findings):
            return Level.ACTIVE  # a danger that has no level of its own, such as a child's, needs a resource as well
        return level

    def elements_in(self, text: str, context: Context) -> frozenset[Element]:
        """The questions of the flow whose answer is yes."""
        reading = read(text)
        given = {Element(name) for name in self._elements_by_phrase(reading)}
        if Element.RESOURCE not in given and self._names_a_booked_line(reading, context):
            given.add(Element.RESOURCE)
        return frozenset(given)

    def _elements_by_phrase(self, reading: Reading) -> Iterator[str]:
        excused = by_rule(self.lexicon.exceptions.find(reading.words))
        for name, match in self.lexicon.phrases.find(reading.words):
            if name not in _BY_PHRASE:
                continue
            if name in excused and excused[name].overlap(match):
                continue
            if not (self.lexicon.rules[name].negatable and is_negated(reading.words, match.first)):
                yield name

    def _names_a_booked_line(self, reading: Reading, context: Context) -> bool:
        """By name, number or site, of the seeker's country where that is known. "Do not call ..." is no resource."""
        country = context.country.upper()
        for found in contacts_in(reading):
            lines = book_numbers().get(found.value.removeprefix("+"), ()) or lines_of_host(found.value)
            if any(line.country == country or not country for line in lines):
                return not self._is_denied(reading, found.start)
        words = [word.text for word in reading.words]
        return any(
            _runs_at(words, index, name) and not is_negated(reading.words, index)
            for name in _names(all_helplines())
            for index, word in enumerate(words)
            if word.startswith(name[0])
        )

    @staticmethod
    def _is_denied(reading: Reading, start: int) -> bool:
        at = next((index for index, word in enumerate(reading.words) if word.end > start), None)
        return at is not None and is_negated(reading.words, at)


@lru_cache(maxsize=8)
def _names(book: tuple[Helpline, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(_words_of(line.name) for line in book)


def _words_of(name: str) -> tuple[str, ...]:
    """The name as people write it: what stands in brackets is left out."""
    plain = name.partition("(")[0].casefold()
    return tuple(word.text for word in split_words(plain))


def _runs_at(words: Sequence[str], index: int, name: Sequence[str]) -> bool:
    *begin, last = words[index : index + len(name)] or [""]
    return begin == list(name[:-1]) and last in (name[-1], f"{name[-1]}s")  # "the Samaritans' number"
