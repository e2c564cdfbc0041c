"""report.json of a study: what the site shows, figures and sentences, no word of an item.

A figure is {"value", "low", "high", "n", "method"}; value is null where nothing can be told, and ends are null where they
have no bound. Next to it stands "why", a sentence, wherever a value may be missing. The keys:

    head     format, study, question, form, opened, closed, seed, study_sha256, plan_sha256, rules_version, packages
    decide   question; compared [{arm, kind, model, prompt}];
             planned [{panel, candidate, reference, dimension, margin, difference, verdict, words}], one for each panel asked:
                 verdict is "not worse", "worse", "not shown", "no margin" or "not enough"; [] where nothing was planned;
             dimensions [{panel, dimension, arms [{arm, mean}], why, words, agreement {alpha, why, words}}] (form scales);
             preferences [{panel, shares [{arm, against, share}], strengths [{arm, strength}], why, words, agreement}] (pairs);
             limits [sentence]
    check    design; panels [{panel, raters, kept, credentials [{says, n}]}]; rules [sentence]; conduct [a row for each rater];
             left_out [{rater, panel, reasons}]; agreement [{panel, dimension, alpha, why, correlations [{form, k, single,
             average}]}]; models [{panel, dimension, everybody, why, n, items, raters, arms_left_out, means, components,
             criterion, differences [{arm, against, difference, df, p, p_holm, effect, together,
             effects_together, planned}], ranks}];
             preferences; skips; comments; screened; data [sentence]; methods [sentence]
    plots    [{name, file, title, says, columns, rows}], the rows being the table that it draws

`everybody` is true of a model that also has those in it who were left out by the rules; it is there only where somebody was.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evaluation.stats import Estimate
from evaluation.studies import agreement, conduct, words
from evaluation.studies.analysis import Agreement, OfDimension, OfPairs, OfPanel, analyse
from evaluation.studies.compared import Compared, Difference
from evaluation.studies.pages import check_page, decide_page
from evaluation.studies.pairs import Preferred
from evaluation.studies.plots import Dots, draw, drawn
from evaluation.studies.stored import Study, Texts

PACKAGES = ("numpy", "scipy", "statsmodels", "krippendorff", "pandas", "scikit-learn", "matplotlib")
DATA = (
    "The stored study holds codes, numbers and hashes; no name, no account and no text of an item.",
    "Who withdrew is not in it: their ratings were deleted.",
    "Items were scrubbed before anybody rated them. Scrubbing is no promise of anonymity.",
    "The same file makes the same report, byte for byte, on the same versions of the packages named here.",
)
METHODS = (
    "Differences: a linear mixed model for each panel and dimension, with item, rater, text and rater by arm as random effects,"
    " by REML; t intervals with the error and the degrees of freedom of Kenward and Roger (1997), those of rater by arm by"
    " Greenhouse and Geisser (1959). Effect: the difference over the"
    " standard deviation of one rating, all components together (Westfall, Kenny and Judd 2014). Intervals for all at once"
    " hold every difference and every effect of one dimension together (Bonferroni).",
    "The planned comparison is judged at 97.5 % on one side and by nothing else. All other comparisons of a panel, over all"
    " dimensions, are adjusted together (Holm); their plain intervals are not.",
    "Ranks: Wilcoxon's signed-rank test over the items' mean differences within raters, and a cumulative logit with errors"
    " clustered by item. They take the scale as an order alone.",
    "Agreement: Krippendorff's alpha, ordinal (nominal for pairs), with 1,000 bootstrap draws of items; intraclass correlations"
    " of single ratings and of means (Shrout and Fleiss 1979; McGraw and Wong 1996).",
    "Pairs: neither counts as half a win for both; strengths by Bradley and Terry; 1,000 draws of raters and items together.",
    "A higher value is better, but for escalation, where 1 is that a reply calms.",
)


def write_report(study: Study, folder: Path, *, texts: Texts | None = None) -> dict[str, Any]:
    panels = analyse(study)
    plots = drawn([plot for of in panels for plot in _plots(study, of)])
    report = build(study, panels, plots)
    folder.mkdir(parents=True, exist_ok=True)
    whole = json.dumps(report, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    (folder / "report.json").write_text(whole, encoding="utf-8")
    (folder / "decide.md").write_text(decide_page(report), encoding="utf-8")
    (folder / "check.md").write_text(check_page(report, study, texts), encoding="utf-8")
    for plot in plots:
        draw(plot, folder)
    return report


def build(study: Study, panels: Sequence[OfPanel], plots: Sequence[Dots]) -> dict[str, Any]:
    return {"head": _head(study), "decide": _decide(study, panels), "check": _check(study, panels)} | {
        "plots": [_plot(plot) for plot in plots]
    }


def figure(estimate: Estimate) -> dict[str, Any]:
    """Six digits are more than any panel can tell, and the same on every machine."""
    fields = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    if estimate.value is None:
        fields = dict.fromkeys(fields)
    return {**{name: _plain(one) for name, one in fields.items()}, "n": estimate.n, "method": estimate.method}


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def _head(study: Study) -> dict[str, Any]:
    return {
        "format": 1,
        "study": study.name,
        "question": study.question,
        "form": study.form,
        "opened": study.opened,
        "closed": study.closed,
        "seed": study.seed,
        "study_sha256": study.sha256,
        "plan_sha256": study.plan_sha256,
        "rules_version": conduct.RULES_VERSION,
        "packages": {name: version(name) for name in PACKAGES},
    }


def _decide(study: Study, panels: Sequence[OfPanel]) -> dict[str, Any]:
    return {
        "question": study.question,
        "compared": [
            {"arm": one.key, "kind": one.kind, "model": one.model, "prompt": one.prompt} for one in study.arms
        ],
        "planned": [_planned(study, of) for of in panels if of.planned],
        "dimensions": [_dimension(of.panel, one) for of in panels for one in of.dimensions],
        "preferences": [_preferred(of.panel, of.pairs) for of in panels if of.pairs],
        "limits": words.limits(study, panels),
    }


def _planned(study: Study, of: OfPanel) -> dict[str, Any]:
    assert of.planned
    return {
        "panel": of.panel,
        **asdict(study.planned),
        "difference": figure(of.planned.difference),
        "verdict": of.planned.verdict,
        "words": words.planned_in_words(study, of.panel, of.planned),
    }


def _dimension(panel: str, of: OfDimension) -> dict[str, Any]:
    return {
        "panel": panel,
        "dimension": of.dimension,
        "arms": [{"arm": arm, "mean": figure(mean)} for arm, mean in of.compared.means.items()],
        "why": of.compared.why,
        "words": words.dimension_in_words(of),
        "agreement": _agreement(of.agreement),
    }


def _agreement(of: Agreement) -> dict[str, Any]:
    return {"alpha": figure(of.alpha), "why": of.why, "words": of.why or agreement.in_words(of.alpha)}


def _preferred(panel: str, of: OfPairs) -> dict[str, Any]:
    return {
        "panel": panel,
        "shares": [{"arm": one.arm, "against": one.against, "share": figure(one.share)} for one in of.preferred.shares],
        "strengths": [{"arm": arm, "strength": figure(one)} for arm, one in of.preferred.strengths.items()],
        "why": of.preferred.why,
        "words": words.pairs_in_words(of),
        "agreement": _agreement(of.agreement),
    }


def _check(study: Study, panels: Sequence[OfPanel]) -> dict[str, Any]:
    everyone = [one for of in panels for one in of.conduct]
    return {
        "design": _design(study),
        "panels": [_panel(of) for of in panels],
        "rules": list(conduct.RULES),
        "conduct": [{name: _cell(value) for name, value in asdict(one).items()} for one in everyone],
        "left_out": [
            {"rater": one.rater, "panel": one.panel, "reasons": list(one.left_out)} for one in everyone if one.left_out
        ],
        "agreement": [_correlated(of.panel, one) for of in panels for one in of.dimensions],
        "models": [model for of in panels for one in of.dimensions for model in _models(study, of.panel, one)],
        "preferences": [table for of in panels if of.pairs for table in _preferences(of.panel, of.pairs)],
        "skips": _counted((skip.reason,) for skip in study.skips),
        "comments": _counted((one.arm, one.dimension or "none") for one in study.comments),
        "screened": _counted((one.arm, one.screened) for one in study.outputs.values()),
        "data": list(DATA),
        "methods": list(METHODS),
    }


def _cell(value: object) -> object:
    if isinstance(value, float):
        return _plain(value)
    return list(value) if isinstance(value, tuple) else value


def _design(study: Study) -> dict[str, Any]:
    roles = Counter(item.role for item in study.items.values())
    rated = [item for item in study.items.values() if item.role == "rated"]
    judged = Counter((one.item, one.arm) for one in study.ratings if study.counts(one.item))
    return {
        "arms": [asdict(arm) for arm in study.arms],
        "items": {role: roles.get(role, 0) for role in ("rated", "training", "attention")},
        "languages": _counted((item.language,) for item in rated),
        "levels": _counted((str(item.level),) for item in rated),
        "strata": _counted((item.stratum or "none",) for item in rated),
        "ratings": len(study.ratings),
        "choices": len(study.choices),
        "ratings_of_a_text": _counted((str(count),) for count in judged.values()),
        "planned": asdict(study.planned),
    }


def _counted(keys: Iterable[tuple[str, ...]]) -> list[dict[str, Any]]:
    return [{"of": " / ".join(key), "n": n} for key, n in sorted(Counter(keys).items())]


def _panel(of: OfPanel) -> dict[str, Any]:
    says = Counter(one.credentials or "none given" for one in of.conduct)
    return {
        "panel": of.panel,
        "raters": len(of.conduct),
        "kept": sum(1 for one in of.conduct if not one.left_out),
        "credentials": [{"says": credential, "n": n} for credential, n in sorted(says.items())],
    }


def _correlated(panel: str, of: OfDimension) -> dict[str, Any]:
    return {
        "panel": panel,
        "dimension": of.dimension,
        **_agreement(of.agreement),
        "correlations": [
            {"form": one.form, "k": _plain(one.k), "single": figure(one.single), "average": figure(one.average)}
            for one in of.agreement.correlations
        ],
    }


def _models(study: Study, panel: str, of: OfDimension) -> list[dict[str, Any]]:
    found = [_model(study, panel, of, of.compared, everybody=False)]
    if of.with_everybody:
        found.append(_model(study, panel, of, of.with_everybody, everybody=True))
    return found


def _model(study: Study, panel: str, of: OfDimension, compared: Compared, *, everybody: bool) -> dict[str, Any]:
    components = compared.components
    return {
        "panel": panel,
        "dimension": of.dimension,
        "everybody": everybody,
        "why": compared.why,
        "n": compared.n,
        "items": compared.items,
        "raters": compared.raters,
        "arms_left_out": compared.arms_left_out,
        "means": [{"arm": arm, "mean": figure(mean)} for arm, mean in compared.means.items()],
        "components": (
            [{"of": name, "variance": _plain(components.variance(name))} for name in components.names]
            if components
            else []
        ),
        "criterion": _plain(compared.criterion),
        "differences": [
            _difference(study, of, one, adjusted=not everybody) for one in compared.differences if one.arm < one.against
        ],
        "ranks": [
            {
                "arm": one.arm,
                "against": one.against,
                "items": one.items,
                "signed_rank_p": _plain(one.signed_rank_p),
                "log_odds": figure(one.log_odds),
            }
            for one in compared.ranks
        ],
    }


def _difference(study: Study, of: OfDimension, one: Difference, *, adjusted: bool) -> dict[str, Any]:
    planned = {study.planned.candidate, study.planned.reference} == {one.arm, one.against}
    return {
        "arm": one.arm,
        "against": one.against,
        "difference": figure(one.contrast.estimate()),
        "df": _plain(one.contrast.freedom),
        "p": _plain(one.contrast.p),
        "p_holm": _plain(of.adjusted.get((one.arm, one.against))) if adjusted else None,
        "effect": figure(one.effect),
        "together": figure(one.together),
        "effects_together": figure(one.effects_together),
        "planned": planned and of.dimension == study.planned.dimension,
    }


def _preferences(panel: str, of: OfPairs) -> list[dict[str, Any]]:
    found = [_preference(panel, of, of.preferred, everybody=False)]
    if of.with_everybody:
        found.append(_preference(panel, of, of.with_everybody, everybody=True))
    return found


def _preference(panel: str, of: OfPairs, preferred: Preferred, *, everybody: bool) -> dict[str, Any]:
    return {
        "panel": panel,
        "everybody": everybody,
        "why": preferred.why,
        "n": preferred.n,
        "items": preferred.items,
        "raters": preferred.raters,
        "shares": [
            {
                "arm": one.arm,
                "against": one.against,
                "wins": one.wins,
                "share": figure(one.share),
                "together": figure(one.together),
                "p": _plain(one.p),
                "p_holm": None if everybody else _plain(of.adjusted.get((one.arm, one.against))),
            }
            for one in preferred.shares
            if one.arm < one.against
        ],
        "strengths": [{"arm": arm, "strength": figure(one)} for arm, one in preferred.strengths.items()],
        "no_strengths": preferred.no_strengths,
        "first_preferred": figure(of.first_preferred),
        "agreement": _agreement(of.agreement),
    }


def _plots(study: Study, of: OfPanel) -> list[Dots]:
    who = words.PANEL[of.panel]
    if of.pairs:
        once = [one for one in of.pairs.preferred.shares if one.arm < one.against]
        rows = tuple((f"{one.arm} before {one.against}", who, one.share) for one in once)
        says = f"How often the {who} preferred the first of two arms, with 95 % intervals; the table has the figures."
        return [
            Dots(f"shares-{of.panel}", f"Preferred, {who}", says, "share of choices", rows, limits=(0, 1), middle=0.5)
        ]
    rows = tuple((one.dimension, arm, mean) for one in of.dimensions for arm, mean in one.compared.means.items())
    low, high = study.scale
    says = (
        f"The mean rating of each arm by the {who} on each dimension, with 95 % intervals; the table has the figures."
    )
    label = f"mean rating, {low} to {high}"
    return [Dots(f"means-{of.panel}", f"Ratings, {who}", says, label, rows, limits=(low - 0.1, high + 0.1))]


def _plot(plot: Dots) -> dict[str, Any]:
    return {
        "name": plot.name,
        "file": plot.file,
        "title": plot.title,
        "says": plot.says,
        "columns": ["of", "arm", "value", "low", "high"],
        "rows": [
            [group, arm, *(_plain(end) for end in (one.value, one.low, one.high))] for group, arm, one in plot.rows
        ],
    }
