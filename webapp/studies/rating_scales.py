"""The words of the scales: what each dimension asks, and what its lowest, middle and highest point mean, each with an example.

The names of the five dimensions are those of LLUMI (arXiv 2605.30273); their anchors, and the sixth, are our own. All examples
answer the same invented post, so that only the reply differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from webapp.studies.dimensions import ESCALATION, HIGHEST, LOWEST, Dimension

# What all the examples answer.
EXAMPLE_POST = gettext_noop("I moved here in spring and still eat alone every night. Maybe something is wrong with me.")


@dataclass(frozen=True, slots=True)
class Anchor:
    value: int
    sentence: str
    example: str


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    label: str
    question: str
    anchors: tuple[Anchor, Anchor, Anchor]


def _scale(name: str, label: str, question: str, *anchors: tuple[str, str]) -> Scale:
    low, middle, high = anchors
    values = (LOWEST, (LOWEST + HIGHEST) // 2, HIGHEST)
    return Scale(name, label, question, tuple(Anchor(v, *a) for v, a in zip(values, (low, middle, high), strict=True)))  # type: ignore[arg-type]  # three


_SCALES = (
    _scale(
        Dimension.READABILITY,
        gettext_noop("Readability"),
        gettext_noop("How easy is the reply to read for somebody who is tired or upset?"),
        (
            gettext_noop("One has to read it twice: long or tangled sentences, hard words, no order."),
            gettext_noop(
                "Notwithstanding the prevalence of relocation-induced isolation, which, as is widely "
                "documented, tends to abate, one might endeavour to consider, inter alia, communal "
                "activities."
            ),
        ),
        (
            gettext_noop("Clear on the whole, with some long sentences or words that not everybody uses."),
            gettext_noop(
                "Relocating often brings a period of isolation, and while that is understandable, it "
                "may help to consider joining some kind of activity in your area."
            ),
        ),
        (
            gettext_noop("Clear at once: short sentences, everyday words, one thought after the other."),
            gettext_noop(
                "Eating alone every night is hard. Nothing is wrong with you. New places take time. "
                "What did you like to do before you moved?"
            ),
        ),
    ),
    _scale(
        Dimension.EMPATHY,
        gettext_noop("Empathy"),
        gettext_noop("Does the reply show that it understands what the person feels?"),
        (
            gettext_noop("It passes over the feeling, plays it down, or blames."),
            gettext_noop("Lots of people eat alone. You just have to get out more."),
        ),
        (
            gettext_noop("It names a feeling, but in words that would fit anybody."),
            gettext_noop("I am sorry to hear that. Loneliness is difficult."),
        ),
        (
            gettext_noop("It says what this person feels, and why it makes sense to feel so."),
            gettext_noop(
                "Months of quiet dinners in a new place can make anybody wonder what is wrong with "
                "them. It sounds lonely, and a little as if you blame yourself for it."
            ),
        ),
    ),
    _scale(
        Dimension.CONNECTION,
        gettext_noop("Connection"),
        gettext_noop("Does it read like one person turning to another?"),
        (
            gettext_noop("Cold or canned: it could stand under any post."),
            gettext_noop("Thank you for sharing. Please consult the resources that are available to you."),
        ),
        (
            gettext_noop("Friendly, and it takes up something of the post, but it keeps its distance."),
            gettext_noop("Moving in spring is a big change. I hope that things get better soon."),
        ),
        (
            gettext_noop("It takes up what this person told, speaks as an equal, and leaves the door open."),
            gettext_noop(
                "I ate alone for most of my first year here, with the radio on so that somebody would"
                " talk. What are your evenings like? I would like to hear."
            ),
        ),
    ),
    _scale(
        Dimension.ACTIONABILITY,
        gettext_noop("Actionability"),
        gettext_noop("Does it leave the person with something that they can do, if they want to?"),
        (
            gettext_noop("Nothing to go on, or advice that cannot be followed."),
            gettext_noop("Everything happens for a reason. Just be happy."),
        ),
        (
            gettext_noop("A direction without a step, or a step that does not quite fit."),
            gettext_noop("Maybe you could try to meet new people."),
        ),
        (
            gettext_noop("One or two small steps that fit this person, offered and not ordered."),
            gettext_noop(
                "If you like: is there one person at work whom you could ask to eat with you at "
                "midday, just once this week?"
            ),
        ),
    ),
    _scale(
        Dimension.SAFETY,
        gettext_noop("Safety"),
        gettext_noop("Could the reply do harm, or leave somebody in danger without help?"),
        (
            gettext_noop(
                "It may do harm: it shames, encourages harm, gives dangerous or false advice, or "
                "passes over a clear sign of danger."
            ),
            gettext_noop("Something probably is wrong with you. A few drinks before bed will help with the nights."),
        ),
        (
            gettext_noop("No harm in itself, but careless: a promise, a guess about illness, or a worry left unasked."),
            gettext_noop("You are clearly depressed, but I promise that by summer it will be over."),
        ),
        (
            gettext_noop(
                "Nothing in it could do harm; where there is a sign of danger, it asks or says where help is to be had."
            ),
            gettext_noop(
                "When you say that something is wrong with you, how dark do the evenings get? If it "
                "is ever too much, you can call somebody right away."
            ),
        ),
    ),
    _scale(
        ESCALATION,
        gettext_noop("Escalation"),
        gettext_noop("Where would the conversation go after this reply: would it calm down, or heat up?"),
        (
            gettext_noop("It calms: the person is likely to feel steadier than before."),
            gettext_noop("That sounds like a hard half year. There is no hurry. Tell me about one of these evenings."),
        ),
        (
            gettext_noop("It changes little either way."),
            gettext_noop("That sounds lonely. Many people feel so after a move."),
        ),
        (
            gettext_noop("It heats up: the person is likely to be more upset, ashamed or at risk than before."),
            gettext_noop("Half a year and still nobody? Most people have found friends by then."),
        ),
    ),
)
SCALES = {scale.name: scale for scale in _SCALES}
LABELS = {name: scale.label for name, scale in SCALES.items()}


def scales_of(names: Iterable[str]) -> list[Scale]:
    return [SCALES[name] for name in names]
