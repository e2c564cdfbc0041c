"""A report as its pages show it: what report.json says, put into tables. What is missing there is left out, and nothing fails."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from webapp.studies.models import Item, Output, Report, Study
from webapp.studies.reporting import SECONDS, missing_packages
from webapp.studies.research_access import latest_report

EXAMPLES = 4
GIVEN_UP_AFTER = timedelta(seconds=2 * SECONDS)  # as long again as it may take, for what is before it
CHIPS = {"not worse": "good", "worse": "hold"}


def report_page(study: Study) -> dict[str, Any]:
    """For people who decide."""
    report = latest_report(study)
    found = _found(report)
    decide = _part(found, "decide")
    return _frame(study, report) | {
        "compared": _rows(decide, "compared"),
        "planned": [_planned(one) for one in _rows(decide, "planned")],
        "panels": _by_panel(_rows(decide, "dimensions")),
        "preferences": [_preferred(one) for one in _rows(decide, "preferences")],
        "limits": _sentences(decide, "limits"),
        "plots": _plots(report, found),
    }


def check_page(study: Study) -> dict[str, Any]:
    """For people who check: the design, who rated, how they agree, every model, what was left out."""
    report = latest_report(study)
    found = _found(report)
    check = _part(found, "check")
    design = _part(check, "design")
    return _frame(study, report) | {
        "head": _facts(_part(found, "head")),
        "packages": _facts(_part(_part(found, "head"), "packages")),
        "panels": [_panel(one) for one in _rows(check, "panels")],
        "rules": _sentences(check, "rules"),
        "methods": _sentences(check, "methods"),
        "data": _sentences(check, "data"),
        "left_out": [{**one, "reasons": ", ".join(_sentences(one, "reasons"))} for one in _rows(check, "left_out")],
        "conduct": _table(_rows(check, "conduct")),
        "agreement": [_agreement(one) for one in _rows(check, "agreement")],
        "models": [_model(one) for one in _rows(check, "models")],
        "preferences": [_preference(one) for one in _rows(check, "preferences")],
        "counts": _counts(check, design),
        "examples": _examples(study) if report is not None and report.status == Report.Status.DONE else [],
    }


def _frame(study: Study, report: Report | None) -> dict[str, Any]:
    return {
        "study": study,
        "report": report,
        **state_of(study, report),
    }


def state_of(study: Study, report: Report | None) -> dict[str, Any]:
    """Whether there is a report, or one is being counted. One that nobody finished in its time is asked for again."""
    since = timezone.now() - GIVEN_UP_AFTER
    return {
        "done": report is not None and report.status == Report.Status.DONE,
        "waiting": study.reports.filter(status=Report.Status.WAITING, at__gt=since).exists(),
        "given_up": study.reports.filter(status=Report.Status.WAITING, at__lte=since).exists(),
        "problem": problem_words(report) if report is not None and report.status == Report.Status.FAILED else "",
        "missing": missing_packages(),
        "closed": study.status == Study.Status.CLOSED,
    }


def problem_words(report: Report) -> str:
    code, _, said = report.problem.partition(": ")
    words = {
        "lab_missing": gettext("The packages of the lab are not installed here."),
        "timeout": gettext("It took too long and was stopped."),
        "refused": gettext("The lab could not read the file: %(said)s") % {"said": said},
        "no_report": gettext("The lab wrote no report that can be read."),
    }
    return words.get(code, gettext("The lab stopped with an error. Whoever runs the site finds more in the log."))


# What stands in report.json, whatever that is


def _found(report: Report | None) -> dict[str, Any]:
    return report.found if report is not None and isinstance(report.found, dict) else {}


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _rows(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = found.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _sentences(found: dict[str, Any], name: str) -> list[str]:
    value = found.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def figure_words(figure: Any, *, digits: int = 2) -> str:
    """Its value and its 95 % interval."""
    if not isinstance(figure, dict) or not isinstance(figure.get("value"), int | float):
        return "–"
    value, low, high = (figure.get(name) for name in ("value", "low", "high"))
    said = f"{value:.{digits}f}"
    if isinstance(low, int | float) or isinstance(high, int | float):
        ends = [f"{end:.{digits}f}" if isinstance(end, int | float) else "…" for end in (low, high)]
        said += " " + gettext("(%(low)s to %(high)s)") % {"low": ends[0], "high": ends[1]}
    return said


def _number(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(_number(one) for one in value)
    return str(value)


def _facts(part: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), _number(value)) for name, value in part.items() if not isinstance(value, dict | list)
    ]


def _table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "columns": [name.replace("_", " ") for name in columns],
        "rows": [[_number(row.get(name)) for name in columns] for row in rows],
    }


# For people who decide


def _planned(one: dict[str, Any]) -> dict[str, Any]:
    verdict = str(one.get("verdict", ""))
    words = {
        "not worse": gettext("Not worse"),
        "worse": gettext("Worse"),
        "not shown": gettext("Not shown"),
        "no margin": gettext("No margin was set"),
        "not enough": gettext("Not enough ratings"),
    }
    return {
        "panel": one.get("panel", ""),
        "chip": CHIPS.get(verdict, "look"),
        "verdict": words.get(verdict, verdict),
        "words": one.get("words", ""),
        "difference": figure_words(one.get("difference")),
        "margin": _number(one.get("margin")),
    }


def _by_panel(dimensions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    panels = list(dict.fromkeys(str(one.get("panel", "")) for one in dimensions))
    return [_dimensions_of(panel, [one for one in dimensions if one.get("panel") == panel]) for panel in panels]


def _dimensions_of(panel: str, dimensions: list[dict[str, Any]]) -> dict[str, Any]:
    arms = list(dict.fromkeys(str(arm.get("arm", "")) for one in dimensions for arm in _rows(one, "arms")))
    rows = []
    for one in dimensions:
        means = {arm.get("arm"): figure_words(arm.get("mean")) for arm in _rows(one, "arms")}
        rows.append(
            {
                "dimension": one.get("dimension", ""),
                "means": [means.get(arm, "–") for arm in arms],
                "agreement": _part(one, "agreement").get("words", ""),
                "words": one.get("words", "") or one.get("why", ""),
            }
        )
    return {"panel": panel, "arms": arms, "rows": rows}


def _preferred(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "panel": one.get("panel", ""),
        "words": one.get("words", "") or one.get("why", ""),
        "agreement": _part(one, "agreement").get("words", ""),
        "shares": [
            {"arm": row.get("arm", ""), "against": row.get("against", ""), "share": figure_words(row.get("share"))}
            for row in _rows(one, "shares")
        ],
        "strengths": [
            {"arm": row.get("arm", ""), "strength": figure_words(row.get("strength"))}
            for row in _rows(one, "strengths")
        ],
    }


def _plots(report: Report | None, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that have a drawing, each with the table that it draws."""
    drawn = report.plots if report is not None else {}
    return [
        {
            "name": one.get("name"),
            "title": one.get("title", ""),
            "says": one.get("says", ""),
            "columns": _sentences(one, "columns"),
            "rows": [[_number(cell) for cell in row] for row in one.get("rows") or [] if isinstance(row, list)],
        }
        for one in _rows(found, "plots")
        if one.get("name") in drawn
    ]


# For people who check


def _panel(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "credentials": [(row.get("says", ""), row.get("n", "")) for row in _rows(one, "credentials")]}


def _agreement(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "panel": one.get("panel", ""),
        "dimension": one.get("dimension", ""),
        "alpha": figure_words(one.get("alpha")),
        "words": one.get("words", "") or one.get("why", ""),
        "correlations": "; ".join(
            f"{row.get('form', '')} {figure_words(row.get('single'))}" for row in _rows(one, "correlations")
        ),
    }


def _model(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: one.get(name, "") for name in ("panel", "dimension", "everybody", "why", "n", "items", "raters")},
        "means": [(row.get("arm", ""), figure_words(row.get("mean"))) for row in _rows(one, "means")],
        "components": [(row.get("of", ""), _number(row.get("variance"))) for row in _rows(one, "components")],
        "differences": [_difference(row) for row in _rows(one, "differences")],
        "ranks": [
            {
                **{name: _number(row.get(name)) for name in ("arm", "against", "items", "signed_rank_p")},
                "log_odds": figure_words(row.get("log_odds")),
            }
            for row in _rows(one, "ranks")
        ],
    }


def _difference(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: _number(row.get(name)) for name in ("arm", "against", "df", "p", "p_holm")},
        **{name: figure_words(row.get(name)) for name in ("difference", "effect", "together")},
        "planned": row.get("planned") is True,
    }


def _preference(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: one.get(name, "") for name in ("panel", "everybody", "why", "n", "items", "raters")},
        "first_preferred": figure_words(one.get("first_preferred")),
        "shares": [
            {
                **{name: _number(row.get(name)) for name in ("arm", "against", "wins", "p", "p_holm")},
                "share": figure_words(row.get("share")),
            }
            for row in _rows(one, "shares")
        ],
        "strengths": [(row.get("arm", ""), figure_words(row.get("strength"))) for row in _rows(one, "strengths")],
    }


def _counts(check: dict[str, Any], design: dict[str, Any]) -> list[dict[str, Any]]:
    titles = {
        "languages": gettext("Items by language"),
        "levels": gettext("Items by level"),
        "strata": gettext("Items by stratum"),
        "ratings_of_a_text": gettext("Texts by how many rated them"),
        "skips": gettext("Skipped, by reason"),
        "comments": gettext("Comments, by arm and dimension"),
        "screened": gettext("What the checks say of the texts, by arm"),
    }
    found = [(name, title, _rows(design, name) or _rows(check, name)) for name, title in titles.items()]
    return [
        {"name": name, "title": title, "rows": [(row.get("of", ""), _number(row.get("n"))) for row in rows]}
        for name, title, rows in found
        if rows
    ]


def _examples(study: Study) -> list[dict[str, Any]]:
    """Some items with what stood in each arm; drawn by the study's seed, whatever was said of them."""
    items = list(study.items.filter(role=Item.Role.RATED).select_related("case").order_by("source"))
    chance = Random(f"{study.seed} examples")  # noqa: S311 the same study shows the same
    chosen = [item for item in chance.sample(items, len(items)) if item.post][:EXAMPLES]
    return [{"item": item, "outputs": _texts_of(item)} for item in chosen]


def _texts_of(item: Item) -> list[Output]:
    return list(item.outputs.exclude(sha256="").select_related("case", "arm").order_by("arm__key"))
