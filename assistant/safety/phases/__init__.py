"""The policy: which checks a text passes, in which order, and why. docs/safety.md explains every code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from assistant.safety.phases.boundaries import Boundaries
from assistant.safety.phases.classifier import ClassifierPhase
from assistant.safety.phases.crisis import Crisis
from assistant.safety.phases.dismissal import Dismissal
from assistant.safety.phases.hazards import Hazards
from assistant.safety.phases.hostility import Hostility
from assistant.safety.phases.injection import Injection
from assistant.safety.phases.language import Language
from assistant.safety.phases.leak import Leak
from assistant.safety.phases.length import Length
from assistant.safety.phases.links import Links
from assistant.safety.phases.medical import Medical
from assistant.safety.phases.methods import Methods
from assistant.safety.phases.personal_data import PersonalData
from assistant.safety.phases.promises import Promises
from assistant.safety.phases.repetition import Repetition
from assistant.safety.phases.reply_classifier import ReplyClassifier
from assistant.safety.phases.support import Support
from assistant.safety.phases.wording import Wording
from assistant.safety.types import Kind, Phase

logger = logging.getLogger(__name__)

ORDERED: tuple[Callable[[], Phase], ...] = (
    Length,  # a text that cannot be read whole cannot be called checked
    Language,  # a text that the word lists cannot read is not clean because they found nothing
    Crisis,  # a life in danger comes before everything else that a post may hold
    Support,  # what a reply to somebody in danger must hold
    Methods,  # nobody learns from Lantern how to harm themselves
    Hazards,  # nor to come to bodily harm
    ClassifierPhase,  # a cry for help is not always made of words that a list holds
    Medical,  # doses, treatment and diagnoses belong to people who know the person
    Dismissal,  # blame and minimising are what makes people stop writing
    Hostility,  # nobody is insulted here, and no hate is agreed with
    Promises,  # nobody may promise what they cannot keep, or claim to be what they are not
    Wording,  # words of crime, slots left open and pasted lines read as if nobody had listened
    Links,  # an invented helpline number is worse than none
    PersonalData,  # seekers are shown what they give away; supporters and models give nothing away
    Boundaries,  # a letter of support is no courtship and no business
    Repetition,  # a model that loops has nothing to say
    Injection,  # orders to the model are people's words in a post, and nothing to be passed on in an answer
    Leak,  # what the model was told, and what it was tricked into, is no answer to a person
    ReplyClassifier,  # reads a reply beside its post for what no list of phrases says
)

_POST = frozenset({Kind.POST})
_WRITTEN_HERE = frozenset({Kind.SUGGESTION, Kind.REPLY})

# Without these a text is held, whatever the others say.
REQUIRED: dict[str, frozenset[Kind]] = {
    "length": _POST | _WRITTEN_HERE,
    "language": _POST | _WRITTEN_HERE,
    "crisis": _POST,
    "support": _WRITTEN_HERE,
    "methods": _POST | _WRITTEN_HERE,
    "hazards": _WRITTEN_HERE,
    "classifier": _POST,
    "medical": _WRITTEN_HERE,
    "dismissal": _WRITTEN_HERE,
    "hostility": _WRITTEN_HERE,
    "promises": _WRITTEN_HERE,
    "wording": _WRITTEN_HERE,
    "links": _WRITTEN_HERE,
    "personal_data": _POST | _WRITTEN_HERE,
    "boundaries": _WRITTEN_HERE,
    "repetition": _WRITTEN_HERE,
    "injection": _POST | _WRITTEN_HERE,
    "leak": frozenset({Kind.SUGGESTION}),
    "reply_classifier": _WRITTEN_HERE,
}


Build = Callable[[], Phase]


def build_phases(instead: Mapping[Build, Build] | None = None) -> list[Phase]:
    """The phases that could be built. One that could not is missing, and what it is required for is held.

    `instead`: what to build in the place of an entry of `ORDERED`, to try other rules on a pipeline of one's own.
    """
    built: list[Phase] = []
    for build in ((instead or {}).get(entry, entry) for entry in ORDERED):
        try:
            built.append(build())
        except Exception as error:  # a lexicon that cannot be read must not take the site down
            logger.error("safety phase %s cannot be built: %s: %s", build, type(error).__name__, error)
    return built
