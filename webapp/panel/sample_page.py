"""What the page of a sample is given: the next output without who wrote it, and at the end what was found and a form to sign."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.utils.translation import gettext

from assistant import panel
from assistant.actions.sign_offs import LEAST_OUTPUTS
from assistant.models import PanelItem, PanelMark, PanelSample
from moderation.agreement import FEWEST, alpha
from webapp.panel import model_page
from webapp.panel.forms import MarkForm, SignOffForm

ALPHA_ONLY_FROM = 2  # outputs that several read: below, there is nothing to agree about


def page(
    sample: PanelSample,
    user: Any,
    *,
    marking: tuple[PanelItem, MarkForm] | None = None,
    signing: SignOffForm | None = None,
) -> dict[str, Any]:
    """`marking`, `signing`: forms that were refused."""
    marks = PanelMark.objects.filter(item__sample=sample, by=user)
    item = _shown(sample, user, marking)
    told = {
        "sample": sample,
        "read": marks.count(),
        "all": panel.readable(sample).count(),
        "item": item,
        "may_sign": marks.filter(item__version=sample.version).count() >= LEAST_OUTPUTS or signing is not None,
        "least": LEAST_OUTPUTS,
    }
    if item is None:
        told["found"] = found_in(sample)  # whoever has still to read is not told what others said
    if item is None or signing is not None:
        told |= {
            "version": sample.version,
            "form": signing or SignOffForm(studies=model_page.studies_to_rest_on(sample.version)),
        }
    return told


def _shown(sample: PanelSample, user: Any, marking: tuple[PanelItem, MarkForm] | None) -> dict[str, Any] | None:
    """The one whose form was refused, else the next. Nothing here says which model wrote it."""
    waiting = panel.unread(sample, by=user)
    if marking is not None:
        waiting = (one for one in waiting if one[0].id == marking[0].id)
    item, texts = next(waiting, (None, None))
    if item is None or texts is None:
        return None if marking is None else _shown(sample, user, None)  # it was marked in another window
    return {
        "id": item.id,
        "language": item.language,
        "level": item.level,
        "post": texts.post,
        "draft": texts.draft,
        "text": texts.text,
        "form": marking[1] if marking is not None else MarkForm(),
    }


# What was found


def found_in(sample: PanelSample) -> dict[str, Any]:
    """Verdicts by model, and how far members agree who read the same outputs."""
    rows = PanelMark.objects.filter(item__sample=sample).values_list("item", "item__version__name", "verdict")
    by_model: dict[str, Counter[str]] = {}
    by_item: dict[Any, list[str]] = {}
    for item, model, verdict in rows:
        by_model.setdefault(model, Counter())[verdict] += 1
        by_item.setdefault(item, []).append(verdict)
    verdicts = PanelMark.Verdict
    return {
        "verdicts": [label for _value, label in verdicts.choices],
        "rows": [
            {"model": model, "counts": [counts[value] for value, _label in verdicts.choices]}
            for model, counts in sorted(by_model.items())
        ],
        "agreement": agreement_of([given for given in by_item.values() if len(given) > 1]),
    }


def agreement_of(units: list[list[str]]) -> str:
    if len(units) < ALPHA_ONLY_FROM:
        return gettext("Nobody knows yet how far members agree: at least two have to read the same outputs.")
    found = alpha(units)
    if found is None:
        return gettext("On %(n)d outputs that several members read they always said the same.") % {"n": len(units)}
    said = gettext(
        "On %(n)d outputs that several members read: Krippendorff's alpha %(value).2f (%(low).2f to %(high).2f)."
    ) % {
        "n": len(units),
        "value": found.value,
        "low": found.low,
        "high": found.high,
    }
    few = gettext("So few say little.") if len(units) < FEWEST else ""
    return f"{said} {few}".strip()
