"""What the licence of a text lets us do with a model that learned from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Use(StrEnum):
    """What for the model is made."""

    PUBLISH = "publish"  # its weights may be given to anybody
    RESEARCH = "research"  # it stays where it was trained


@dataclass(frozen=True, slots=True)
class Licence:
    key: str
    title: str
    publish: bool
    condition: str = ""  # what a publisher of the weights has to do


LICENCES = {
    one.key: one
    for one in (
        Licence("mit", "MIT", True, "name the source"),
        Licence("apache-2.0", "Apache License 2.0", True, "name the source"),
        Licence("cc0-1.0", "CC0 1.0", True),
        Licence("cc-by-4.0", "CC BY 4.0", True, "name the authors"),
        Licence("cc-by-sa-4.0", "CC BY-SA 4.0", True, "name the authors, give the weights under the same licence"),
        Licence("cc-by-nc-4.0", "CC BY-NC 4.0", False),
        Licence("cc-by-nc-sa-3.0", "CC BY-NC-SA 3.0", False),
        Licence("cc-by-nc-nd-4.0", "CC BY-NC-ND 4.0", False),
        Licence("academic", "academic, non-commercial", False),
        Licence("own", "written on this site; its people agreed to learning in the house", False),
        Licence("unknown", "no licence known", False),
    )
}


class Refused(ValueError):
    """Text that this use has no right to."""


def check(licence: str, use: Use, *, source: str) -> Licence:
    """Raises Refused."""
    known = LICENCES.get(licence)
    if known is None:
        raise Refused(f"{source}: licence={licence}: unknown. Known: {', '.join(sorted(LICENCES))}.")
    if use is Use.PUBLISH and not known.publish:
        raise Refused(
            f"{source}: {known.title} does not allow publishing what was trained on it. Leave the source out, or train"
            " for research with `use: research` in the recipe."
        )
    return known
