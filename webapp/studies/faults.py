"""What is missing in a study that is being set up, and what is doubtful. What is missing keeps it from opening."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, comb

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from webapp.accounts.roles import DECIDE_FLAGS, WRITE_REPLIES
from webapp.studies.checked import HELD, WRITTEN_BY_MODELS
from webapp.studies.marks import CASE
from webapp.studies.models import Arm, Item, Output, Rater, Study

MEET_CASES = (WRITE_REPLIES, DECIDE_FLAGS)
TEXT = "text"
FEW_ITEMS = 20  # below this, a comparison of two arms says little, whatever the raters do


@dataclass(frozen=True, slots=True)
class Fault:
    text: str
    url: str  # where it is put right
    missing: bool = True  # else doubtful


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to rate. Training and attention items are not counted."""

    items: int
    texts: int  # or pairs

    def needed(self, ratings: int) -> int:
        return self.texts * ratings


def size_of(study: Study) -> Size:
    """By the texts that are there."""
    by_item: dict[object, int] = defaultdict(int)
    rows = Output.objects.filter(item__study=study, item__role=Item.Role.RATED).exclude(sha256="")
    for item in rows.values_list("item_id", flat=True):
        by_item[item] += 1
    in_one_go = 2 if study.form == Study.Form.PAIRS else 1
    return Size(len(by_item), sum(comb(count, in_one_go) for count in by_item.values()))


def faults_of(study: Study) -> list[Fault]:
    """What is missing first."""
    found = [*_of_plan(study), *_of_texts(study), *_of_checks(study), *_of_raters(study)]
    return sorted(found, key=lambda fault: not fault.missing)


def _of_plan(study: Study) -> Iterator[Fault]:
    if study.arms.count() < (2 if study.form == Study.Form.PAIRS else 1):
        yield Fault(gettext("There are not enough arms: say where the texts come from."), _page(study, "arms"))
    if not study.lay_ratings and not study.clinician_ratings:
        yield Fault(gettext("No panel is asked: say how many people rate each text."), _page(study, "size"))
    if not study.consent.strip():
        yield Fault(gettext("There is nothing that raters can agree to."), _page(study, "consent"))
    if not study.candidate:
        said = gettext("No comparison is promised. What is found afterwards then only suggests; it tests nothing.")
        yield Fault(said, _page(study, "promise"), missing=False)


def _of_texts(study: Study) -> Iterator[Fault]:
    rated = list(study.items.filter(role=Item.Role.RATED).values_list("id", "source"))
    url = _page(study, "items")
    if not rated:
        yield Fault(gettext("There is no item to rate."), url)
        return
    there = _there(study)
    alone_arms = set(study.arms.filter(kind=Arm.Kind.ALONE).values_list("key", flat=True))
    alone = {item for (item, arm), state in there.items() if state == TEXT and arm in alone_arms}
    for arm in study.arms.select_related("version"):
        gaps = [source for item, source in rated if there.get((item, arm.key), "") != TEXT]
        waits = arm.kind in WRITTEN_BY_MODELS and any(
            not there.get((item, arm.key), "" if not arm.revises or item in alone else "no draft") for item, _ in rated
        )
        if len(gaps) == len(rated):
            yield Fault(gettext("The arm %(arm)s has no text at all.") % {"arm": arm.key}, url)
        elif waits:
            yield Fault(gettext("The model of the arm %(arm)s has not written everything.") % {"arm": arm.key}, url)
        elif gaps:
            yield Fault(_gap_words(arm, gaps), url, missing=False)
    held = Output.objects.filter(item__study=study, screened=HELD).exclude(sha256="").count()
    if held:
        said = ngettext(
            "The checks hold %(n)s text. Read it: leave it out, or give it to raters with a reason.",
            "The checks hold %(n)s texts. Read them: leave each out, or give it to raters with a reason.",
            held,
        )
        yield Fault(said % {"n": held}, url)
    yield from _of_the_same_texts(study, url)
    if len(rated) < FEW_ITEMS:
        said = gettext("Only %(n)s items are rated. Intervals will be wide; %(few)s or more are better.")
        yield Fault(said % {"n": len(rated), "few": FEW_ITEMS}, url, missing=False)


def _of_the_same_texts(study: Study, url: str) -> Iterator[Fault]:
    """By their hashes: in two arms of an item, and in one arm of two items."""
    rows = Output.objects.filter(item__study=study, item__role=Item.Role.RATED).exclude(sha256="")
    in_arms: set[tuple[str, str]] = set()
    of_items: dict[tuple[str, str], str] = {}
    alike: dict[str, None] = {}
    again: dict[str, None] = {}
    for source, arm, sha256 in rows.order_by("item__source", "arm__key").values_list(
        "item__source", "arm__key", "sha256"
    ):
        if (source, sha256) in in_arms:
            alike[source] = None
        in_arms.add((source, sha256))
        if of_items.setdefault((arm, sha256), source) != source:
            again[source] = None
    of_alike = ngettext(
        "%(n)s item has the same text in two arms, which nobody can tell apart: %(which)s.",
        "%(n)s items have the same text in two arms, which nobody can tell apart: %(which)s.",
        len(alike),
    )
    of_again = ngettext(
        "%(n)s item has a text that another item has in the same arm: %(which)s.",
        "%(n)s items have a text that another item has in the same arm: %(which)s.",
        len(again),
    )
    for sources, said in ((alike, of_alike), (again, of_again)):
        if sources:
            yield Fault(said % {"n": len(sources), "which": _some(list(sources))}, url, missing=False)


def _some(sources: list[str]) -> str:
    return ", ".join(sources[:5]) + (" …" if len(sources) > 5 else "")


def _there(study: Study) -> dict[tuple[object, str], str]:
    """What is known of each text that has a row: that it is there, why not, or nothing where it is still to be written."""
    rows = Output.objects.filter(item__study=study).values_list("item_id", "arm__key", "sha256", "problem")
    return {(item, arm): TEXT if sha256 else problem for item, arm, sha256, problem in rows}


def _gap_words(arm: Arm, gaps: list[str]) -> str:
    said = ngettext(
        "%(n)s item has no text in the arm %(arm)s: %(which)s.",
        "%(n)s items have no text in the arm %(arm)s: %(which)s.",
        len(gaps),
    )
    return said % {"n": len(gaps), "arm": arm.key, "which": _some(gaps)}


def _of_checks(study: Study) -> Iterator[Fault]:
    url = _page(study, "items")
    roles = set(study.items.values_list("role", flat=True))
    in_one_go = 2 if study.form == Study.Form.PAIRS else 1
    counts: dict[str, int] = dict.fromkeys(
        study.items.exclude(role=Item.Role.RATED).values_list("source", flat=True), 0
    )
    rows = Output.objects.filter(item__study=study).exclude(sha256="").exclude(item__role=Item.Role.RATED)
    for source in rows.values_list("item__source", flat=True):
        counts[source] += 1
    if short := sorted(source for source, count in counts.items() if count < in_one_go):
        said = gettext("These training or attention items have too few texts: %(which)s.")
        yield Fault(said % {"which": ", ".join(short)}, url)
    if Item.Role.TRAINING not in roles:
        said = gettext("No training item: raters begin without having seen what is meant.")
        yield Fault(said, url, missing=False)
    if Item.Role.ATTENTION not in roles:
        said = gettext("No attention item: nothing shows whether somebody reads.")
        yield Fault(said, url, missing=False)


def _of_raters(study: Study) -> Iterator[Fault]:
    size, url = size_of(study), _page(study, "raters")
    wanted = {Rater.Panel.LAY: study.lay_ratings, Rater.Panel.CLINICIAN: study.clinician_ratings}
    for panel, ratings in wanted.items():
        count = study.raters.filter(panel=panel, withdrew_at=None).count()
        if not ratings:
            if count:
                said = gettext("The %(panel)s has raters but is asked nothing.") % {"panel": panel.label}
                yield Fault(said, url, missing=False)
        elif count < ratings:
            said = gettext("The %(panel)s has %(n)s of the %(wanted)s raters that every text needs.")
            yield Fault(said % {"panel": panel.label, "n": count, "wanted": ratings}, url)
        elif (room := count * study.most_per_rater) < (needed := size.needed(ratings)):
            said = gettext(
                "The %(panel)s can rate %(room)s texts in all, and the plan needs %(needed)s: add raters, or let each rate more."
            )
            yield Fault(said % {"panel": panel.label, "room": room, "needed": needed}, url)
        elif ratings < 2:
            said = gettext("One rating a text in the %(panel)s: how far people agree cannot be told.")
            yield Fault(said % {"panel": panel.label}, _page(study, "size"), missing=False)
        if (
            study.form == Study.Form.SCALES
            and size.items
            and 0 < count < (apart := ceil(size.needed(ratings) / size.items))
        ):
            said = gettext(
                "Raters of the %(panel)s are given several texts of one post, and may tell which one revises the other. With"
                " %(n)s raters next to nobody reads a post twice."
            )
            yield Fault(said % {"panel": panel.label, "n": apart}, url, missing=False)
        if ratings and _may_lack_strangers(study, panel, ratings):
            said = gettext(
                "Some raters of the %(panel)s also write or decide here. They are given no text of a case that they had to do"
                " with: ask more people, so that each text has enough."
            )
            yield Fault(said % {"panel": panel.label}, url, missing=False)


def _may_lack_strangers(study: Study, panel: str, ratings: int) -> bool:
    """By roles alone: looking at cases here would tell a researcher who wrote what."""
    if not study.items.filter(source__startswith=CASE).exists():
        return False
    people = [rater.user for rater in study.raters.filter(panel=panel, withdrew_at=None).select_related("user")]
    strangers = [person for person in people if not any(map(person.has_perm, MEET_CASES))]
    return len(strangers) < ratings <= len(people)


def _page(study: Study, step: str) -> str:
    return reverse(f"studies:research_{step}", args=[study.id])
