"""Examples for the improvement model: a draft that needs something, and the reply that a good supporter makes of it.

Two ways lead to one. *From a good reply*: something is taken out of it (what it heard, its question) or a fault is put in,
and the good reply is the revision. *From a real draft*: a reply that says nothing of what it heard gets a sentence in the
post's own words, orders become offers, and the rest stays. What the model has to write can always be read from post and
draft: it must not learn to invent.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from assistant.inference.trained_prompts import Goal, Task
from training.building import wording
from training.building.cues import OWN, YOU, Cue, cues, is_stock, ungrounded
from training.building.reflections import MERELY, Heard, ask, copies, listen, reflect
from training.building.replies import Window, clean, windows
from training.building.text import capitalise, content, join, phrases
from training.licences import LICENCES
from training.schemas import Example, Origin


@dataclass(frozen=True, slots=True)
class Options:
    per_reply: int = 3  # windows of one reply
    variants: int = 2  # examples of one window
    per_post: int = 16  # examples of one post
    peer: int = 3  # examples of one post whose draft is put together from peers' sentences
    nothing: float = 0.1  # share of drafts that are good as they are
    goals: float = 0.3  # share of examples that say what was asked for
    keep: float = 0.2  # share of examples with sentences to keep
    slips: float = 0.25
    feedback: float = 0.08
    seeker: float = 1.0  # share of posts with a topic
    unheard: float = 0.05  # share of rewritten posts with nothing to say back that serve as well


@dataclass
class Work:
    """A draft in the making. `draft` and `revision` are sentences; `areas` are what a reader would say of the draft."""

    draft: list[str]
    revision: list[str]
    faults: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def note(self, fault: str, area: str, goal: Goal | None) -> None:
        self.faults.append(fault)
        self.areas.append(area)
        if goal is not None:
            self.goals.append(goal)


@dataclass(frozen=True)
class Case:
    post: str
    about: frozenset[str]
    heard: tuple[Heard, ...]
    chance: random.Random

    @classmethod
    def of(cls, post: str, chance: random.Random) -> Case:
        return cls(post, content(post), tuple(listen(post)), chance)


# From a good reply


def from_good(window: Window, case: Case) -> Work | None:
    """None where nothing fits."""
    work = Work(draft=list(window.sentences), revision=list(window.sentences))
    if not any(is_heard(cue, one, case) for cue, one in zip(window.cues, window.sentences, strict=True)):
        hear(work, case)  # else the good reply would be one that heard nothing
    if Cue.REFLECTION not in frozenset().union(*(cues(one, case.about) for one in work.revision)):
        return None
    add_question(work, case)
    done = 0
    for step in case.chance.sample(GOOD_STEPS, len(GOOD_STEPS)):
        done += step(work, case)
        if done == (1 if case.chance.random() < 0.45 else 2):
            break
    return work if done and work.draft else None


def is_heard(found: frozenset[Cue], sentence: str, case: Case) -> bool:
    return Cue.REFLECTION in found and Cue.OWN not in found and ungrounded(sentence, case.about) <= 2


def take_heard(work: Work, case: Case) -> bool:
    places = [n for n, one in enumerate(work.draft) if is_heard(cues(one, case.about), one, case)]
    if not places or len(work.draft) < 2:
        return False
    for at in reversed(places):
        if len(work.draft) > 1:
            del work.draft[at]
    work.note("heard taken out", "Reflections", Goal.WARMER)
    return True


def take_question(work: Work, case: Case) -> bool:
    known = case.about | content(join([one for one in work.draft if not one.endswith("?")]))
    places = [
        n for n, one in enumerate(work.draft) if Cue.QUESTION in cues(one, case.about) and ungrounded(one, known) <= 2
    ]
    if not places or len(work.draft) < 2:
        return False
    del work.draft[case.chance.choice(places)]
    work.note("question taken out", "Questions", Goal.QUESTION)
    return True


def put_stock(work: Work, case: Case) -> bool:
    """A set phrase where the good reply says what it heard."""
    places = [n for n, one in enumerate(work.draft) if is_heard(cues(one, case.about), one, case)]
    if not places:
        return False
    work.draft[case.chance.choice(places)] = case.chance.choice(phrases()["faults"]["stock"])
    work.note("set phrase for what was heard", "Empathy", Goal.WARMER)
    return True


def put_orders(work: Work, _case: Case) -> bool:
    told = [wording.blunt(one) for one in work.draft]
    if told == work.draft:
        return False
    work.draft = told
    work.note("offers made orders", "Suggestions", Goal.SAFER)
    return True


def put(kind: str, area: str, goal: Goal) -> Callable[[Work, Case], bool]:
    def put_in(work: Work, case: Case) -> bool:
        at = case.chance.randint(0, len(work.draft))
        work.draft.insert(at, wording.fault(kind, case.chance))
        work.note(f"{kind} put in", area, goal)
        return True

    return put_in


def put_stiffness(work: Work, case: Case) -> bool:
    told = [wording.stiffen(one, case.chance) for one in work.draft]
    if told == work.draft:
        return False
    work.draft = told
    work.note("stiff words", "Structure", Goal.PLAINER)
    return True


def put_padding(work: Work, case: Case) -> bool:
    places = [n for n, one in enumerate(work.draft) if one.endswith(".") and not is_stock(one)]
    if not places:
        return False
    for at in case.chance.sample(places, min(len(places), 2)):
        work.draft[at] = wording.pad(work.draft[at], case.chance)
    work.note("padding", "Structure", Goal.SHORTER)
    return True


def put_run_on(work: Work, case: Case) -> bool:
    told = wording.run_on(work.draft, case.chance)
    if told == work.draft:
        return False
    work.draft = told
    work.note("run-on sentence", "Structure", Goal.CLEARER)
    return True


put_dismissal = put("dismissal", "Validation", Goal.SAFER)
Step = Callable[[Work, Case], bool]
# As often as each should happen; `sample` takes them in random order.
FAULT_STEPS: tuple[Step, ...] = (
    *([put_orders] * 2),
    *([put_dismissal] * 3),
    *([put("blame", "Validation", Goal.SAFER)] * 2),
    *([put("promise", "Professionalism", Goal.SAFER)] * 2),
    *([put("diagnosis", "Professionalism", Goal.SAFER)] * 2),
    *([put("order", "Suggestions", Goal.SAFER)] * 2),
    put_stiffness,
    put_padding,
    put_run_on,
)
GOOD_STEPS: tuple[Step, ...] = (*([take_heard] * 4), *([put_stock] * 2), *([take_question] * 2), *FAULT_STEPS)


# From a real draft


TRIES = 6
FAULTS = 0.65  # share of drafts that are given one more
SET_PHRASES = 0.25  # share of real drafts that are given one to begin with, as many begin


def from_real(window: Window, case: Case) -> Work | None:
    """A reply that hears nothing is given one sentence that does, orders in it become offers, and a question is asked.

    A post that gives nothing to say back is told nothing: a model that always saw a feeling named would make one up. None
    where the draft says it already.
    """
    if any(Cue.REFLECTION in one for one in window.cues):
        return None
    told = list(window.sentences)
    if case.heard and case.chance.random() < SET_PHRASES and not any(Cue.STOCK in one for one in window.cues):
        told.insert(0, case.chance.choice(phrases()["faults"]["stock"]))
    work = Work(draft=list(told), revision=list(told))
    if case.heard and not hear(work, case):
        return None
    softer = [wording.soften(one, case.chance) for one in work.revision]
    if softer != work.revision:
        work.revision = softer
        work.note("orders made offers", "Suggestions", Goal.SAFER)
    add_question(work, case)
    return work


def add_question(work: Work, case: Case) -> None:
    """Only to the revision, and wherever there is something to ask: a model that saw it half of the time never would."""
    asks = any(Cue.QUESTION in cues(one, case.about) for one in work.revision)
    if not asks and (question := asked(case, join(work.revision))):
        work.revision.append(question)
        work.note("question added", "Questions", Goal.QUESTION)


def asked(case: Case, told: str) -> str:
    for _ in range(TRIES):
        question = ask(case.heard, told, case.chance)
        if not copies(question, case.post):
            return question
    return ""


def heard_sentence(case: Case) -> str:
    """What the post says, feelings more often than the rest; empty where it says nothing that can be said back."""
    if not case.heard:
        return ""
    first = [one for one in case.heard if one.kind == case.heard[0].kind]
    others = [one for one in case.heard if one.kind not in MERELY] or first
    for _ in range(TRIES):
        heard = case.chance.choice(first if case.chance.random() < 0.8 else others)
        said = reflect(heard, case.chance)
        if not copies(said, case.post):
            return said
    return ""


def add_fault(work: Work, case: Case) -> None:
    """What a supporter should not write is seldom in real drafts, and a model has to see it often to learn that it goes."""
    if case.chance.random() < FAULTS:
        case.chance.choice(FAULT_STEPS)(work, case)


def hear(work: Work, case: Case) -> bool:
    """Put what the post says, in its own words, at the head of the revision, in place of a set phrase that stands there."""
    said = heard_sentence(case)
    if not said:
        return False
    at = next((n for n, one in enumerate(work.revision) if is_stock(one)), None)
    if at is not None:
        work.revision[at] = said
        work.note("set phrase replaced", "Empathy", Goal.WARMER)
    else:
        work.revision.insert(0, said)
        work.note("heard put in", "Reflections", Goal.WARMER)
    return True


# Examples


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that a peer wrote to somebody or told of themselves, and that fits under other posts as well."""

    id: str
    text: str
    author: str
    origin: Origin


def fits_anywhere(text: str) -> bool:
    """Nothing in it points at a story that only its own post tells."""
    said = clean(capitalise(text.strip()))
    return bool(said and (YOU.search(said) or OWN.search(said)) and not POINTS.search(said) and len(content(said)) <= 4)


POINTS = re.compile(
    r"\b(he|she|him|her|his|hers|they|them|their|this|these|those|op|edit|reddit|sub|thread|post)\b|\d", re.I
)


def improve_examples(
    post: str,
    replies: Sequence[tuple[str, str, str]],
    *,
    group: str,
    origin: Origin,
    options: Options,
    seed: str,
    lines: Sequence[Line] = (),
) -> Iterator[Example]:
    """`replies`: (id, text, author). At most `options.per_post`, the same for the same seed."""
    case = Case.of(post, random.Random(seed))
    made: list[Example] = []
    for reply_id, text, author in replies:
        for number, window in enumerate(windows(text, post, most=options.per_reply)):
            for variant in range(options.variants):
                ways = (from_real, from_good) if case.chance.random() < 0.5 else (from_good, from_real)
                work = ways[0](window, case) or ways[1](window, case)
                if work is not None:
                    add_fault(work, case)
                if work is not None and work.faults:
                    here = replace(origin, row=f"{origin.row}/{reply_id}")
                    made += _made(f"{group}/{reply_id}/{number}.{variant}", work, case, here, author, group, options)
    if lines:
        for number in range(options.peer):
            made += _from_peers(f"{group}/peer/{number}", case, lines, origin, group, options)
    case.chance.shuffle(made)
    yield from made[: options.per_post]


def _from_peers(
    key: str, case: Case, lines: Sequence[Line], origin: Origin, group: str, options: Options
) -> list[Example]:
    """A draft of one to three sentences as peers write them: short, and mostly advice."""
    chosen = case.chance.sample(lines, min(len(lines), case.chance.choice((1, 2, 2, 3))))
    said = tuple(capitalise(line.text.strip()) for line in chosen)
    work = from_real(Window(said, tuple(cues(one, case.about) for one in said), 0, 0.0), case)
    if work is None:
        return []
    add_fault(work, case)
    if not work.faults:
        return []
    licence = max((origin.licence, *(line.origin.licence for line in chosen)), key=STRICTEST.index)
    here = Origin(
        source="+".join(dict.fromkeys((origin.source, *(line.origin.source for line in chosen)))),
        row="+".join((origin.row, *(line.id for line in chosen))),
        licence=licence,
    )
    return _made(key, work, case, here, chosen[0].author, group, options)


# Of a text made of several, the licence that asks for most counts.
STRICTEST = ("cc0-1.0", "mit", "apache-2.0", "cc-by-4.0", "cc-by-sa-4.0", *sorted(LICENCES.keys() - {
    "cc0-1.0", "mit", "apache-2.0", "cc-by-4.0", "cc-by-sa-4.0"}))  # fmt: skip


def _made(key: str, work: Work, case: Case, origin: Origin, author: str, group: str, options: Options) -> list[Example]:
    base = Example(
        id=key,
        task=Task.IMPROVE,
        post=case.post,
        draft=join(work.draft),
        answer=join(work.revision),
        origin=origin,
        group=group,
        author=author,
        built="; ".join(work.faults),
    )
    return _finished(base, work, case, options)


def _finished(base: Example, work: Work, case: Case, options: Options) -> list[Example]:
    chance = case.chance
    found = []
    if chance.random() < options.nothing:
        return [replace(base, draft=base.answer, built="nothing")]
    if chance.random() < options.feedback:
        lines = [phrases()["feedback"][area] for area in dict.fromkeys(work.areas)]
        found.append(replace(base, id=base.id + "/feedback", task=Task.FEEDBACK, answer="\n".join(lines)))
    if chance.random() < options.keep:
        same = [one for one in work.draft if one in work.revision]
        if same:
            base = replace(base, keep=tuple(chance.sample(same, 1)))
    if not base.keep and chance.random() < options.slips:
        base = replace(base, draft=wording.slip(base.draft, chance), built=base.built + "; slips")
    if work.goals and chance.random() < options.goals:
        base = replace(base, goals=tuple(str(goal) for goal in dict.fromkeys(work.goals)))
    if base.draft.strip() and base.draft != base.answer:
        found.append(base)
    return found
