"""The section "How your replies read" of the page that only its writer is given. Plain values; templates decide nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop

from assistant.charts import Chart, chart
from assistant.growth import Numbers
from assistant.language.manner import Manner

BANDS = 3


@dataclass(frozen=True, slots=True)
class Told:
    title: str
    bands: tuple[str, str, str]
    about: str


TOLD = {
    "words_a_sentence": Told(
        gettext_noop("How long your sentences are"),
        (gettext_noop("short"), gettext_noop("middling"), gettext_noop("long")),
        gettext_noop("Short is below 12 words on average, long from 20 on. Short ones take less effort to read."),
    ),
    "asking": Told(
        gettext_noop("How much you ask"),
        (gettext_noop("nothing"), gettext_noop("up to a third"), gettext_noop("more than a third")),
        gettext_noop(
            "Which part of your sentences are questions. Several at once are hard to answer, and some replies need none."
        ),
    ),
    "about_them": Told(
        gettext_noop("Whom you speak of"),
        (gettext_noop("mostly yourself"), gettext_noop("both of you"), gettext_noop("mostly the other")),
        gettext_noop(
            "Words like “you” beside words like “I”. What you went through yourself can help, and can take the room."
        ),
    ),
    "taken_up": Told(
        gettext_noop("Words of theirs that you take up"),
        (gettext_noop("few"), gettext_noop("some"), gettext_noop("many")),
        gettext_noop(
            "Words that say something and stand in the post as well. To have understood in other words counts as few."
        ),
    ),
    "small_words": Told(
        gettext_noop("Whether your small words go with theirs"),
        (gettext_noop("little"), gettext_noop("partly"), gettext_noop("much")),
        gettext_noop(
            "How often each kind of small word comes, like “the”, “but” and “not”. People who talk with each other often "
            "come nearer in them unawares."
        ),
    ),
}


def manner_charts(
    points: Sequence[Sequence[Numbers]], *, labels: Mapping[str, Sequence[str]], slots: int
) -> list[Chart]:
    """`points`: the replies of each bar. `labels`: the first column of the tables. None while no reply has such numbers: what
    was sent with an earlier version has none, nor has what is not in English."""
    manners = [[one.manner for one in numbers if one.manner is not None] for numbers in points]
    return [_chart(name, manners, labels, slots) for name in TOLD] if any(manners) else []


def _chart(name: str, manners: Sequence[Sequence[Manner]], labels: Mapping[str, Sequence[str]], slots: int) -> Chart:
    told = TOLD[name]
    bands = [[band for one in point if (band := one.band(name)) is not None] for point in manners]
    common = [_most_common(one) for one in bands]
    return chart(
        name,
        gettext(told.title),
        f"{_most_often(told, [band for one in bands for band in one])} {gettext(told.about)}",
        heights=[None if band is None else (band + 1) / BANDS for band in common],
        columns={
            **labels,
            gettext("Mostly"): [gettext("not known") if band is None else gettext(told.bands[band]) for band in common],
        },
        slots=slots,
    )


def _most_often(told: Told, bands: Sequence[int]) -> str:
    band = _most_common(bands)
    if band is None:
        return gettext("They are too short to tell.")
    return gettext("Most often: %(band)s (%(number)s of %(all)s).") % {
        "band": gettext(told.bands[band]),
        "number": bands.count(band),
        "all": len(bands),
    }


def _most_common(bands: Sequence[int]) -> int | None:
    """Of those that are as common, the one that came last."""
    return Counter(reversed(bands)).most_common(1)[0][0] if bands else None
