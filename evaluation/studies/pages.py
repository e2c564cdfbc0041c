"""decide.md, one page for people who decide, and check.md for people who check. Both are made of report.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from evaluation.studies.stored import Study, Texts

MOST_EXAMPLES = 6


def decide_page(report: dict[str, Any]) -> str:
    head, decide = report["head"], report["decide"]
    lines = [f"# {_line(head['study'])}", "", f"**Question.** {_line(decide['question'])}", ""]
    lines += ["## What was compared", "", *_arms(decide["compared"]), ""]
    lines += ["## The planned comparison", ""]
    lines += [f"- **{one['verdict']}.** {one['words']}" for one in decide["planned"]] or ["None was planned."]
    lines += [""]
    if head["form"] == "pairs":
        lines += _preferences(decide["preferences"])
    else:
        lines += _dimensions(decide["dimensions"])
    for plot in report["plots"]:
        lines += [f"![{plot['says']}]({plot['file']})", ""]
    lines += ["## Limits", "", *[f"- {one}" for one in decide["limits"]], ""]
    lines += ["Figures are followed by their 95 % interval. `check.md` says how each came about.", ""]
    return "\n".join(lines)


def _arms(compared: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"- `{one['arm']}`: {one['kind']}{', ' + _line(one['model']) if one['model'] else ''}"
        f"{', asked with ' + _line(one['prompt']) if one['prompt'] else ''}"
        for one in compared
    ]


def _dimensions(found: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for panel in dict.fromkeys(one["panel"] for one in found):
        of_panel = [one for one in found if one["panel"] == panel]
        arms = list(dict.fromkeys(arm["arm"] for one in of_panel for arm in one["arms"]))
        rows = []
        for one in of_panel:
            means = {arm["arm"]: _figure(arm["mean"]) for arm in one["arms"]}
            rows.append([one["dimension"], *(means.get(arm, "not enough") for arm in arms), one["agreement"]["words"]])
        lines += [f"## What the {panel} panel said", "", *_table(["", *arms, "agreement"], rows), ""]
        lines += [*[f"- *{one['dimension']}*: {one['words']}" for one in of_panel], ""]
    return lines


def _preferences(found: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for one in found:
        lines += [f"## What the {one['panel']} panel preferred", "", one["words"], ""]
        if one["strengths"]:
            rows = [[arm["arm"], _figure(arm["strength"])] for arm in one["strengths"]]
            lines += [*_table(["arm", "strength (log odds against the average arm)"], rows), ""]
        lines += [f"Agreement: {one['agreement']['words']}", ""]
    return lines


def check_page(report: dict[str, Any], study: Study, texts: Texts | None) -> str:
    head, check = report["head"], report["check"]
    lines = [f"# {_line(head['study'])}: for people who check", ""]
    lines += [f"- {name.replace('_', ' ')}: {_line(str(value))}" for name, value in head.items() if name != "packages"]
    lines += ["", "## Design", "", *_design(check["design"]), ""]
    lines += ["## Panels", "", *_panels(check["panels"]), ""]
    lines += ["## Methods", "", *[f"- {one}" for one in check["methods"]], ""]
    lines += ["## Who is left out", "", *[f"- {one}" for one in check["rules"]], "", *_left_out(check["left_out"]), ""]
    lines += ["## How people rated", "", *_conduct(check["conduct"]), ""]
    if check["agreement"]:
        lines += ["## Agreement", "", *_agreement(check["agreement"]), ""]
    for one in check["models"]:
        lines += _model(one)
    for one in check["preferences"]:
        lines += _preference(one)
    for title, name in (("Skips", "skips"), ("Comments", "comments"), ("What the checks of the site said", "screened")):
        lines += [
            f"## {title}",
            "",
            *(_table(["of", "n"], [[one["of"], one["n"]] for one in check[name]]) or ["None."]),
            "",
        ]
    if texts:
        lines += _examples(study, texts)
    lines += ["## Data statement", "", *[f"- {one}" for one in check["data"]], ""]
    lines += ["## Versions", "", *_table(["package", "version"], [list(one) for one in head["packages"].items()]), ""]
    return "\n".join(lines)


def _design(design: dict[str, Any]) -> list[str]:
    lines = [f"- {role} items: {n}" for role, n in design["items"].items()]
    lines += [f"- ratings: {design['ratings']}", f"- choices: {design['choices']}"]
    for title in ("languages", "levels", "strata", "ratings_of_a_text"):
        counted = ", ".join(f"{_line(one['of'])}: {one['n']}" for one in design[title])
        lines.append(f"- {title.replace('_', ' ')}: {counted or 'none'}")
    planned = ", ".join(
        f"{name} {_line(str(value))}" for name, value in design["planned"].items() if value not in ("", None)
    )
    lines += [f"- planned: {planned or 'nothing'}", ""]
    rows = [[arm[name] for name in ("key", "kind", "model", "prompt", "sha256")] for arm in design["arms"]]
    return [*lines, *_table(["arm", "kind", "model", "prompt", "SHA-256"], rows)]


def _panels(panels: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"- {one['panel']}: {one['raters']} raters, {one['kept']} kept; in their own words: "
        + ", ".join(f"{_line(said['says'])} ({said['n']})" for said in one["credentials"])
        for one in panels
    ]


def _left_out(found: Sequence[dict[str, Any]]) -> list[str]:
    return [f"- {one['rater']} ({one['panel']}): {', '.join(one['reasons'])}" for one in found] or ["Nobody was."]


def _conduct(rows: Sequence[dict[str, Any]]) -> list[str]:
    names = [name for name in rows[0] if name not in ("credentials", "left_out")] if rows else []
    return _table([name.replace("_", " ") for name in names], [[one[name] for name in names] for one in rows])


def _agreement(found: Sequence[dict[str, Any]]) -> list[str]:
    rows = []
    for one in found:
        correlations = {of["form"]: of for of in one["correlations"]}
        cells = [
            _figure(correlations[form][which]) if form in correlations else "–"
            for form in (1, 2, 3)
            for which in ("single", "average")
        ]
        alpha = one["why"] or _figure(one["alpha"])
        rows.append([one["panel"], one["dimension"], alpha, one["alpha"]["n"], *cells])
    columns = ["panel", "dimension", "alpha", "texts", *(f"ICC({form},{k})" for form in (1, 2, 3) for k in ("1", "k"))]
    return _table(columns, rows)


def _model(one: dict[str, Any]) -> list[str]:
    with_all = ", with everybody who was left out" if one["everybody"] else ""
    lines = [f"## {one['dimension']}, {one['panel']} panel{with_all}", ""]
    lines += [f"{one['n']} ratings of {one['items']} items by {one['raters']} raters.", ""]
    lines += [f"- `{arm}` left out: {reason}" for arm, reason in one["arms_left_out"].items()]
    if one["why"]:
        return [*lines, one["why"], ""]
    components = ", ".join(f"{of['of']} {_short(of['variance'])}" for of in one["components"])
    lines += [f"Variance components: {components}. REML criterion {_short(one['criterion'])}.", ""]
    lines += [*_table(["arm", "mean"], [[of["arm"], _figure(of["mean"])] for of in one["means"]]), ""]
    rows = [
        [
            f"{of['arm']} − {of['against']}{' (planned)' if of['planned'] else ''}",
            _figure(of["difference"]),
            *(_short(of[name]) for name in ("df", "p", "p_holm")),
            _figure(of["effect"]),
            _figure(of["together"]),
        ]
        for of in one["differences"]
    ]
    if rows:
        columns = ["difference", "points", "df", "p", "p, Holm", "effect", "points, all at once"]
        lines += [*_table(columns, rows), ""]
    ranks = [
        [f"{of['arm']} − {of['against']}", of["items"], _short(of["signed_rank_p"]), _figure(of["log_odds"])]
        for of in one["ranks"]
    ]
    if ranks:
        lines += [*_table(["by ranks", "items with both", "signed-rank p", "log odds of a higher value"], ranks), ""]
    return lines


def _preference(one: dict[str, Any]) -> list[str]:
    with_all = ", with everybody who was left out" if one["everybody"] else ""
    lines = [f"## Choices, {one['panel']} panel{with_all}", ""]
    lines += [f"{one['n']} choices on {one['items']} items by {one['raters']} raters.", ""]
    if one["why"]:
        return [*lines, one["why"], ""]
    rows = [
        [
            f"{of['arm']} before {of['against']}",
            of["wins"],
            _figure(of["share"]),
            _figure(of["together"]),
            _short(of["p"]),
            _short(of["p_holm"]),
        ]
        for of in one["shares"]
    ]
    lines += [*_table(["", "wins", "share", "share, all at once", "p", "p, Holm"], rows), ""]
    strengths = [[of["arm"], _figure(of["strength"])] for of in one["strengths"]]
    lines += [*(_table(["arm", "strength"], strengths) or [one["no_strengths"]]), ""]
    lines += [f"Shown first and preferred: {_figure(one['first_preferred'])} of choices for either.", ""]
    return [*lines, f"Agreement: {_figure(one['agreement']['alpha'])}. {one['agreement']['words']}", ""]


def _examples(study: Study, texts: Texts) -> list[str]:
    """The same items for every reader of one study: the first of those that have texts of two arms or more."""
    lines = ["## Paired examples", "", "Scrubbed texts of people in distress. Do not pass them on.", ""]
    shown = 0
    for item in study.items.values():
        there = [arm.key for arm in study.arms if (item.id, arm.key) in texts.outputs]
        if item.role != "rated" or len(there) < 2 or item.id not in texts.posts:
            continue
        if shown == MOST_EXAMPLES:
            break
        shown += 1
        lines += [f"### Example {shown}", "", *_quoted("post", texts.posts[item.id])]
        for arm in there:
            lines += _quoted(arm, texts.outputs[item.id, arm], _means_of(study, item.id, arm))
    return lines if shown else [*lines, "No item has the texts of two arms.", ""]


def _means_of(study: Study, item: str, arm: str) -> str:
    given: dict[str, list[int]] = {}
    for one in study.ratings:
        if (one.item, one.arm) == (item, arm):
            for dimension, value in one.values.items():
                given.setdefault(dimension, []).append(value)
    return ", ".join(f"{name} {sum(values) / len(values):.1f}" for name, values in given.items())


def _quoted(title: str, text: str, note: str = "") -> list[str]:
    return [f"**{title}**{f' ({note})' if note else ''}", "", *[f"> {_line(line)}" for line in text.splitlines()], ""]


def _figure(value: dict[str, Any]) -> str:
    if value["value"] is None:
        return "not enough"
    low, high = ("no bound" if value[end] is None else f"{value[end]:.2f}" for end in ("low", "high"))
    return f"{value['value']:.2f} ({low} to {high})"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """[] where there is no row."""
    lines = [f"| {' | '.join(_line(str('–' if cell is None else cell)) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *lines] if lines else []


def _line(text: str) -> str:
    """What people typed may not become markup or another line."""
    plain = " ".join(text.split())
    for mark in "\\`|<>[]*_#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
