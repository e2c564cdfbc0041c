from __future__ import annotations

import pytest

from assistant.safety.phases.crisis import Crisis
from assistant.safety.types import Kind, Level, Severity
from assistant.tests.safety.screened import codes, found, highest

PHASE = Crisis()

HELD = [
    "i'm going to kill myself",
    "I want to kill myself. I just don't know who to tell.",
    "honestly gonna kms tonight",
    "i want to k i l l  m y s e l f",
    "cant stop thinking about killing my self",
    "I've been thinking of ending my life for weeks",
    "planning to end it all this weekend",
    "im going to unalive myself",
    "i wanna k!ll myself",
    "Im so suicidal rn",
    "feeling sucidal again and its 3am",
    "having su1cidal thoughts every single day",
    "#killmyself",
    "i have a plan and i know exactly how i will do it",
    "wrote the note already, its on my desk. a suicide note i mean",
    "I gave my dog away yesterday and put my affairs in order",
    "by the time you read this i'll be gone",
    "the pills are right here next to me",
    "I'm sitting on the edge of the bridge",
    "got a rope ready in the garage",
    "ive been saving up my tablets for weeks now",
    "I just took 40 paracetamol",
    "i swallowed the whole bottle",
    "took all my meds an hour ago",
    "i cut too deep and it won't stop bleeding",
    "tried to hang myself last night",
    "Goodbye everyone. thanks for being kind to me",
    "this is my last post. tell my mum i love her",
    "my daughter says she is going to kill herself",
    "my stepdad hits me and i'm scared to go home",
    "he is hitting my kids right now and i don't know what to do",
    "i'm going to kill him when he gets home",
    "thinking about bringing a gun to school",
    "I will jump in front of a train tomorrow morning",
    "i won't be here tomorrow",
    "tonight is the night",
    "my friend just took a load of pills and she's not breathing",
    "i feel like killing myself and nobody notices",
    "Ready to end my life, sorry mam",
    "ich kann nicht mehr, i want to kill myself",
]

HELD_WITH_A_METHOD = [
    "i keep thinking i should jump off the bridge by our flat",
    "I want to put a bullet in my head",
    "i'm going to take all my pills",
    "thinking about hanging myself in the garage",
    "i want to set myself on fire",
    "The voices keep telling me to hurt myself",
]

LOOKED_AT = [
    "i want to die",
    "i just want to fucking die man",
    "I wish I was dead",
    "i dont want to be here anymore",
    "I don't want to wake up tomorrow",
    "everyone would be better off without me",
    "i'm nothing but a burden to my family",
    "nobody would miss me if i was gone",
    "started cutting again after two years",
    "I hurt myself last week, on my arms",
    "I tried to kill myself when I was sixteen",
    "there is no way out and i think about death all the time",
    "my sister wants to kill herself and i'm so scared for her",
    "my best friend is suicidal, what do i say to her",
    "I'm not suicidal, I am only so tired",
    "i would never kill myself but i get why people do",
    "people at school keep telling me to kill myself",
    "what's the point of living",
    "i can't do this anymore",
    "Some days I hope I just fall asleep and never wake up",
    "my ex said he will kill me if I leave",
    "i relapsed with self-harm",
    "I don't trust myself tonight",
    "my uncle died by suicide in march",
    "i finally have the courage to do it",
    "giving myself until spring",
    "saturday is the day",
    "I am not sure what to write in the note",
    "how do i make myself sick without anyone hearing",
    "i wanna kill myself lmao this quiz",
    'my brother texted "i am going to kill myself" and i cannot reach him',
]

# What supporters write to somebody: it may be noted, nobody is called for it.
SAID_TO_SOMEBODY = [
    "Are you thinking of killing yourself?",
    "I'm sorry you feel suicidal tonight. Have you told anyone?",
    "You said you want to die. I am glad you said it.",
    "Suicidal thoughts are common in depression, and they pass for most people.",
    "Do you have a plan, or pills at home?",
    "When you feel like ending your life, call somebody first.",
    "suicide prevention week is in september",
]

LEFT_ALONE = [
    "this exam is killing me",
    "I'm dying to see the new season, no spoilers",
    "my phone died and I missed the last bus",
    "I was dead tired after the night shift",
    "That joke killed me, I laughed so much",
    "we broke up and I cry most evenings",
    "My mum passed away in spring and the house is so quiet",
    "I could have died of embarrassment",
    "work is a lot and my manager never listens",
    "I cut my hair and nobody noticed",
    "he shot me a message and I don't know how to answer",
    "I killed it at the interview but I still feel empty",
    "I cut contact with my father, was that wrong?",
    "ran 5 kms today to clear my head",
    "I hate how lonely this city is",
    "I'm going to end things with my boyfriend this weekend",
    "I give up on this degree, I'm switching to nursing",
    "The cake was to die for but I couldn't enjoy it",
    "feeling anxious about starting at a new school",
    "I have to shoot a video for class and I'm panicking",
]


@pytest.mark.parametrize("text", HELD)
def test_it_holds_a_post_with_signs_of_present_danger(text: str) -> None:
    assert highest(found(PHASE, text, Kind.POST)) is Severity.HOLD


@pytest.mark.parametrize("text", HELD_WITH_A_METHOD)
def test_it_holds_a_post_that_names_a_way_and_says_so_by_its_level(text: str) -> None:
    findings = found(PHASE, text, Kind.POST)
    assert highest(findings) is Severity.HOLD
    assert max(finding.level for finding in findings) >= Level.METHOD


@pytest.mark.parametrize("text", SAID_TO_SOMEBODY)
def test_it_calls_nobody_for_what_a_supporter_says_to_somebody(text: str) -> None:
    assert all(finding.severity is Severity.NOTE for finding in found(PHASE, text, Kind.POST))


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("i wish i was dead", Level.PASSIVE),
        ("I am suicidal", Level.ACTIVE),
        ("I tried to kill myself in June", Level.METHOD),
        ("I have picked the date", Level.PLAN),
        ("this is goodbye, i love you all", Level.PLAN),
    ],
)
def test_it_says_which_level_a_sign_stands_for(text: str, level: Level) -> None:
    assert max(finding.level for finding in found(PHASE, text, Kind.POST)) is level


def test_it_asks_less_for_an_attempt_of_long_ago_than_for_one_without_a_time() -> None:
    assert "crisis.long_past" in codes(found(PHASE, "I tried to kill myself when I was sixteen", Kind.POST))
    assert highest(found(PHASE, "i have tried to kill myself before", Kind.POST)) is Severity.HOLD


def test_every_sign_of_a_high_level_holds_and_every_level_is_looked_at() -> None:
    for rule in PHASE.rules:
        if rule.level >= Level.METHOD:
            assert rule.severities[Kind.POST] is Severity.HOLD, rule.code
        if rule.level:
            assert rule.severities[Kind.POST] >= Severity.REVIEW, rule.code


def test_it_takes_a_you_that_is_only_spoken_to_for_no_subject() -> None:
    assert highest(found(PHASE, "i love all of you but want to kill myself", Kind.POST)) is Severity.HOLD
    assert highest(found(PHASE, "thank you, still going to end my life", Kind.POST)) is Severity.HOLD


def test_it_reads_on_over_a_line_end() -> None:
    assert highest(found(PHASE, "i want to\nkill\nmyself", Kind.POST)) is Severity.HOLD


@pytest.mark.parametrize("text", LOOKED_AT)
def test_it_flags_a_post_that_a_person_should_look_at_without_holding_it(text: str) -> None:
    assert highest(found(PHASE, text, Kind.POST)) is Severity.REVIEW


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_it_leaves_ordinary_sadness_and_figures_of_speech_alone(text: str) -> None:
    assert found(PHASE, text, Kind.POST) == []


def test_it_says_that_a_denial_was_a_denial() -> None:
    assert "crisis.denied" in codes(found(PHASE, "I am not going to kill myself.", Kind.POST))


def test_it_does_not_take_a_no_that_denies_nothing_for_a_denial() -> None:
    assert highest(found(PHASE, "I'm not sure if I will kill myself", Kind.POST)) is Severity.HOLD
    assert highest(found(PHASE, "not gonna lie i want to kill myself", Kind.POST)) is Severity.HOLD


def test_it_points_at_the_words_in_the_original_text() -> None:
    text = "Sorry.\u200b  I want to K\u0301ILL myself…"
    finding = next(finding for finding in found(PHASE, text, Kind.POST) if finding.code == "crisis.intent")
    assert text[finding.start : finding.end] == "want to K\u0301ILL myself"
