"""Personal data becomes placeholders before anything is built; an answer that then says little is set aside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from assistant.changes import split_sentences
from assistant.safety.scrub import PLACEHOLDERS, find, scrub
from training.preparation.corpus import Corpus
from training.preparation.parallel import mapped
from training.preparation.quarantine import Entry, Quarantine, Step
from training.schemas import Example, Pair

PLACEHOLDER = re.compile("|".join(re.escape(one) for one in sorted(set(PLACEHOLDERS.values()))))
FEWEST_WORDS_BESIDE = 4
_GREETING = re.compile(r"(?:hi|hello|hey|dear|good (?:morning|day|evening)|thanks|thank you)\b", re.I)
MOST_WORDS_OF_AN_EDGE = 6  # of a greeting or a signature, beside its placeholder

AnyRow = TypeVar("AnyRow", Example, Pair)


@dataclass(slots=True)
class ScrubReport:
    texts: int = 0
    changed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    useless: Counter[str] = field(default_factory=Counter)  # built rows set aside, by reason

    def as_dict(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "changed": self.changed,
            "replaced": dict(sorted(self.kinds.items())),
            "set_aside": dict(sorted(self.useless.items())),
        }


def scrub_corpus(
    corpus: Corpus, quarantine: Quarantine, *, processes: int, quiet: bool = False
) -> tuple[Corpus, ScrubReport]:
    """Every text scrubbed, each once however often it stands there."""
    written = corpus.written()
    report = ScrubReport(texts=len(written))
    new: dict[str, str] = {}
    done = mapped(scrubbed, written, processes=processes, title="scrubbing", quiet=quiet)
    for text, (clean, kinds) in zip(written, done, strict=True):
        report.kinds.update(kinds)
        if clean != text:
            report.changed += 1
            new[text] = clean
    return _without_unscrubbed(corpus, quarantine).rewritten(new), report


def _without_unscrubbed(corpus: Corpus, quarantine: Quarantine) -> Corpus:
    """The site's own export is scrubbed before it leaves. What was missed there cannot be mended here: the changes of a
    suggestion are counted by letters."""
    came = len(corpus.texts())
    entries = [
        Entry(one.id, "text", one.origin.source, Step.SCRUBBING, "exported with personal data in it", one.sent)
        for one in corpus.drafts
        if any(find(text) for text in (one.post, one.draft, one.suggestion, one.sent))
    ]
    kept = corpus.without({entry.id for entry in entries})
    quarantine.account(Step.SCRUBBING, "text", came=came, kept=len(kept.texts()), entries=entries)
    return kept


def scrubbed(text: str) -> tuple[str, list[str]]:
    """The text without personal data, and the kinds of what was found."""
    found = [item.contact.value for item in find(text)]
    return (without_edges(scrub(text)) if found else text), found


def without_edges(text: str) -> str:
    """Without "Hi [name]," at its head and "[name], counsellor, [link]" at its end: letters have them, replies do not."""
    sentences = [text[one.start : one.end].strip() for one in split_sentences(text)]
    starts = [one.start for one in split_sentences(text)]
    first, stop = 0, len(sentences)
    while stop > 1 and _is_short(sentences[stop - 1]) and sentences[stop - 1][-1] not in ".!?":
        stop -= 1
    while first < stop - 1 and _is_short(sentences[first]) and _GREETING.match(sentences[first]):
        first += 1
    end = starts[stop] if stop < len(starts) else len(text)
    return text[starts[first] if starts else 0 : end].strip() or text


def _is_short(sentence: str) -> bool:
    words = PLACEHOLDER.sub(" ", sentence).split()
    return bool(PLACEHOLDER.search(sentence)) and len(words) <= MOST_WORDS_OF_AN_EDGE


def remove_useless(rows: Sequence[AnyRow], report: ScrubReport, quarantine: Quarantine, what: str) -> list[AnyRow]:
    """A model that learns to write "[phone]" writes it. It may repeat a placeholder that stands in post or draft."""
    kept, entries = [], []
    for row in rows:
        reason = why_useless(row)
        if reason:
            report.useless[reason] += 1
            entries.append(Entry(row.id, what, row.origin.source, Step.SCRUBBING, reason))
        else:
            kept.append(row)
    quarantine.account(Step.SCRUBBING, what, came=len(rows), kept=len(kept), entries=entries)
    return kept


def why_useless(row: Example | Pair) -> str:
    answer = row.answer if isinstance(row, Example) else row.chosen
    return why_unfit(answer, f"{row.post}\n{row.draft}")


def why_unfit(answer: str, asked: str) -> str:
    """`asked`: what the model is shown."""
    placeholders = set(PLACEHOLDER.findall(answer))
    if not placeholders:
        return ""
    if len(PLACEHOLDER.sub(" ", answer).split()) < FEWEST_WORDS_BESIDE:
        return "little but placeholders"
    invented = sorted(placeholders - set(PLACEHOLDER.findall(asked)))
    return f"the answer holds {invented[0]}" if invented else ""
