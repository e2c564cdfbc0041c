"""What the pages of raters are given: plain values. None of them holds an arm, a model, or what anybody else said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from assistant import care_screens, triage
from assistant.changes import split_sentences
from assistant.safety.types import Level
from webapp.studies import rating
from webapp.studies.assigning import has_fewer_for_it
from webapp.studies.forms_rating import FIRST, NEITHER, SECOND, AnswerForm, CommentForm, PairForm, ScalesForm, SkipForm
from webapp.studies.models import Assignment, Comment, Item, Output, Rater, Rating, Study
from webapp.studies.rating_scales import EXAMPLE_POST, LABELS, Scale, scales_of

SHOWN_OF_SENTENCE = 70  # characters in the list of sentences


@dataclass(frozen=True, slots=True)
class Text:
    """A reply as it stands on the page; `number` is how comments call it."""

    number: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    id: Any
    quote: str
    about: str
    note: str


@dataclass(frozen=True, slots=True)
class Progress:
    words: str
    done: int
    total: int


# The list, and the way through one study


def studies_page(raters: Iterable[Rater]) -> dict[str, Any]:
    return {"rows": [_study_row(rater) for rater in raters]}


def _study_row(rater: Rater) -> dict[str, Any]:
    is_open = rater.study.status == Study.Status.OPEN and rater.withdrew_at is None
    return {
        "name": rater.study.name,
        "url": reverse("studies:rate_study", args=[rater.study_id]),
        "state": _state(rater),
        "to_do": is_open and (rater.consented_at is None or rating.next_of(rater) is not None),
    }


def _state(rater: Rater) -> str:
    if rater.withdrew_at is not None:
        return gettext("You withdrew")
    if rater.study.status == Study.Status.PAUSED:
        return gettext("Paused")
    if rater.study.status == Study.Status.CLOSED:
        return gettext("Closed")
    if rater.consented_at is None:
        return gettext("Not begun")
    counted = rater.assignments.exclude(output__item__role=Item.Role.TRAINING)
    done = counted.exclude(done_at=None).count()
    return gettext("%(done)s of %(total)s done") % {"done": done, "total": counted.count()}


def care_part(user: Any) -> dict[str, Any]:
    """Whom a supporter can ask to talk; raters who write no replies have no lead here."""
    writes = user.has_perm("assistant.write_replies")
    return {"writes": writes, "talk": care_screens.talk(user) if writes else None}


# One text


def answer_form(row: Assignment, data: QueryDict | None = None, *, is_kept_open: bool = False) -> AnswerForm:
    """Empty, with what they said before, or with what they just sent; `is_kept_open`: sent for something else than an answer, so
    that nothing is said yet of what is missing."""
    made = PairForm if row.other is not None else ScalesForm
    asked = row.rater.asked
    if data is not None and not is_kept_open:
        return made(data, asked=asked)
    form = made(asked=asked, initial=_said_before(row))
    if data is not None:
        form.initial = {**form.initial, **{name: data[name] for name in form.fields if name in data}}
    return form


def _said_before(row: Assignment) -> dict[str, Any]:
    found: Rating | None = getattr(row, "rating", None)
    said: dict[str, Any] = {"seen": rating.stand_of(row)}
    if found is None:
        return said
    if row.other is None:
        return said | found.values
    chosen = {row.output_id: FIRST, row.other_id: SECOND}.get(found.preferred_id, NEITHER)
    return said | {"preferred": chosen, "reason": found.reason}


def comment_form(row: Assignment, data: QueryDict | None = None) -> CommentForm:
    texts = texts_of(row)
    form = CommentForm(data, lengths=[len(one.text) for one in texts], auto_id="comment_%s")
    chosen = str(data["words"]) if data and "words" in data else ""
    form.fields["words"].widget = forms.Select(choices=_places(texts, chosen), attrs={"data-own": _own_words()})
    for field in form.fields.values():
        field.widget.attrs["form"] = "rating"  # so that what was chosen goes along, and comes back
    return form


def _places(texts: Sequence[Text], chosen: str) -> list[tuple[str, Any]]:
    """The sentences of each text, and words that were selected by hand where they are no whole sentence."""
    groups = [(one.heading, _sentences(one)) for one in texts]
    known = {value for _heading, rows in groups for value, _label in rows}
    selected = [(chosen, _own_words())] if chosen and chosen not in known else []
    rows: list[tuple[str, Any]] = list(groups) if len(groups) > 1 else groups[0][1]
    return [("", gettext("Choose a sentence")), *selected, *rows]


def _own_words() -> str:
    return gettext("the words that you selected")


def _sentences(one: Text) -> list[tuple[str, str]]:
    return [
        (f"{one.number}:{sentence.start}-{sentence.end}", _short(one.text[sentence.start : sentence.end]))
        for sentence in split_sentences(one.text)
    ]


def _short(text: str) -> str:
    return Truncator(text).chars(SHOWN_OF_SENTENCE)


def outputs_of(row: Assignment) -> list[Output]:
    return [row.output] if row.other is None else [row.output, row.other]


def texts_of(row: Assignment) -> list[Text]:
    outputs = outputs_of(row)
    headings = (
        [gettext("The reply")] if len(outputs) == 1 else [gettext("The first reply"), gettext("The second reply")]
    )
    return [
        Text(number, heading, output.text)
        for number, (heading, output) in enumerate(zip(headings, outputs, strict=True))
    ]


def text_page(
    row: Assignment, *, form: AnswerForm | None = None, remark: CommentForm | None = None, refusal: str = ""
) -> dict[str, Any]:
    item, form = row.output.item, form or answer_form(row)
    heavy = rating.is_heavy(row)
    return {
        "row": row,
        "study": row.rater.study,
        "item": {"post": item.post, "language": item.language, "about": item.about, "level": item.level},
        "level_words": gettext(triage.LEVEL_WORDS[Level(item.level)]) if item.level else "",
        "heavy": heavy,
        "reveal_words": _reveal_words(row),
        "texts": texts_of(row),
        "form": form,
        "scales": _scale_rows(form),
        "example_post": gettext(EXAMPLE_POST),
        "progress": progress_of(row),
        "skip_form": SkipForm(initial={"seen": rating.stand_of(row)}, auto_id="skip_%s"),
        "comment_form": remark or comment_form(row),
        "remarks": _remarks(row),
        "refusal": refusal,
        "refused": bool(refusal) or form.is_bound or (remark is not None and remark.is_bound),
        **_neighbours(row),
    }


def _reveal_words(row: Assignment) -> str:
    return gettext("Show the post and the reply") if row.other is None else gettext("Show the post and both replies")


def _scale_rows(form: AnswerForm) -> list[tuple[Scale, forms.BoundField]]:
    if not isinstance(form, ScalesForm):
        return []
    return [(scale, form[scale.name]) for scale in scales_of(form.asked)]


def progress_of(row: Assignment) -> Progress:
    """Of training items apart: they are practice, and count for nothing."""
    is_training = row.output.item.role == Item.Role.TRAINING
    alike = row.rater.assignments.all()
    training = {"output__item__role": Item.Role.TRAINING}
    alike = alike.filter(**training) if is_training else alike.exclude(**training)
    number, total = alike.filter(position__lte=row.position).count(), alike.count()
    words = gettext("Practice %(number)s of %(total)s") if is_training else gettext("%(number)s of %(total)s")
    return Progress(words % {"number": number, "total": total}, number - 1, total)


def _remarks(row: Assignment) -> list[Remark]:
    texts = {output.id: text for output, text in zip(outputs_of(row), texts_of(row), strict=True)}
    return [_remark(one, texts[one.output_id], alone=row.other is None) for one in row.comments.select_related("case")]


def _remark(one: Comment, text: Text, *, alone: bool) -> Remark:
    about = [] if alone else [text.heading]
    about += [gettext(LABELS[one.dimension])] if one.dimension else []
    return Remark(one.id, text.text[one.start : one.end], " · ".join(about), one.text)


def _neighbours(row: Assignment) -> dict[str, Any]:
    """The one before and, where this one is done, the one behind it."""
    others = row.rater.assignments.all()
    before = others.filter(position__lt=row.position).last()
    behind = others.filter(position__gt=row.position).first() if row.done_at is not None else None
    return {"previous": before and _url(before), "next": behind and _url(behind)}


def _url(row: Assignment) -> str:
    return reverse("studies:rate_text", args=[row.id])


# After it


def feedback_page(row: Assignment) -> dict[str, Any]:
    """Of a training item that was answered."""
    item, said = row.output.item, row.rating
    return {
        "row": row,
        "study": row.rater.study,
        "item": {"post": item.post, "language": item.language},
        "texts": texts_of(row),
        "explanation": item.explanation,
        "lines": _pair_feedback(row, said) if row.other is not None else _scale_feedback(item, said),
    }


def _scale_feedback(item: Item, said: Rating) -> list[dict[str, Any]]:
    return [
        {
            "label": gettext(LABELS[name]),
            "said": said.values[name],
            "expected": str(low) if low == high else gettext("%(low)s to %(high)s") % {"low": low, "high": high},
            "fits": low <= said.values[name] <= high,
        }
        for name, (low, high) in item.expected.items()
        if name in said.values
    ]


def _pair_feedback(row: Assignment, said: Rating) -> list[dict[str, Any]]:
    words = {row.output_id: gettext("The first"), row.other_id: gettext("The second"), None: gettext("Neither")}
    arms = {output.arm.key: output.id for output in outputs_of(row)}
    expected = arms.get(row.output.item.expected.get("preferred", ""))
    return [
        {
            "label": gettext("The better reply"),
            "said": words[said.preferred_id],
            "expected": words[expected],
            "fits": said.preferred_id == expected,
        }
    ]


def end_page(rater: Rater) -> dict[str, Any]:
    counted = rater.assignments.exclude(output__item__role=Item.Role.TRAINING)
    rated = counted.exclude(done_at=None).filter(skipped="").count()
    last = rater.assignments.last()
    if rater.study.form == Study.Form.PAIRS:
        words = ngettext("You compared %(n)s pair.", "You compared %(n)s pairs.", rated) % {"n": rated}
    else:
        words = ngettext("You rated %(n)s text.", "You rated %(n)s texts.", rated) % {"n": rated}
    return {
        "study": rater.study,
        "rated": words,
        "last": last and _url(last),
        "has_fewer": has_fewer_for_it(rater),
        **care_part(rater.user),
    }
