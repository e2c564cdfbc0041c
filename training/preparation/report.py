"""The report of a preparation for people: what was fused, what went and why, and under what terms the rest may be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.inference.trained_prompts import Task
from training.licences import LICENCES, Use, check
from training.schemas import Example, Pair
from training.sources import SOURCES

ANSWERS = (Task.IMPROVE, Task.GENERATE)


def licences(use: Use, rows: Iterable[Example | Pair]) -> list[dict[str, Any]]:
    """By licence: rows, sources, what its holders ask for. Raises Refused, should a row be here without a right to."""
    counts: Counter[str] = Counter()
    sources: dict[str, set[str]] = {}
    for row in rows:
        check(row.origin.licence, use, source=row.origin.source)
        counts[row.origin.licence] += 1
        sources.setdefault(row.origin.licence, set()).update(row.origin.source.split("+"))
    return [
        {
            "licence": key,
            "title": LICENCES[key].title,
            "rows": counts[key],
            "sources": sorted(sources[key]),
            "publishing_allowed": LICENCES[key].publish,
            "condition": LICENCES[key].condition or "none",
            "credit": [
                SOURCES[name].credit for name in sorted(sources[key]) if name in SOURCES and SOURCES[name].credit
            ],
        }
        for key in sorted(counts)
    ]


def as_text(told: Mapping[str, Any]) -> str:
    recipe = told["recipe"]
    parts = [
        f"# Data of `{recipe['name']}` (version {recipe['version']}, seed {recipe['seed']}, use: {told['use']})",
        "No text stands here. `examples.jsonl` and `pairs.jsonl` hold what is learned from, `quarantine.jsonl` what is not.",
        _hashes(told["sha256"]),
        "## Fusion",
        _sources(told["sources"]),
        _table("split task source made rows", told["examples"]),
        "Pairs:",
        _table("split source objective from rows", told["pair_rows"]),
        _of_pairs(told["pairs"]),
        "## Repeats",
        _duplicates(told["duplicates"]),
        "## Leaks",
        _leaks(told["leaks"]),
        "## Personal data",
        _scrubbing(told["scrubbing"]),
        "## Splits",
        _splits(told["splits"]),
        "## Safety",
        _labels(told["labels"]),
        "## Quality of the answers",
        _table("score n mean p10 median p90", [{"score": name, **one} for name, one in told["quality"].items()]),
        "## Mix (train)",
        f"{told['mix']['rows']:,} rows of {told['mix']['rows_wanted'] or 'as many as the shares allow'}. A share that is"
        f" more than {told['mix']['tolerance_points']:g} points off stops the build.",
        _table("share wanted achieved rows there copied", told["mix"]["shares"]),
        "## Licences",
        _licences(told["licences"]),
        "## Quarantine",
        _table("step what came kept set_aside", told["quarantine"]["steps"]),
        _table("step what reason count", told["quarantine"]["reasons"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _hashes(hashes: Mapping[str, str]) -> str:
    return "\n".join(f"- `{name}`: sha256 `{value}`" for name, value in hashes.items())


def _sources(sources: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        {**one, "refused": _counts(one["refused"]) or "none", "mended": _counts(one["notes"]) or "nothing"}
        for one in sources
    ]
    files = {f"{one['source']}/{name}": value for one in sources for name, value in one["files"].items()}
    return _table("source licence records kept refused mended", rows) + "\n\n" + _hashes(files)


def _of_pairs(pairs: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        {**one, "longer_chosen": f"{one['longer_chosen']:.0%}", "dropped": _counts(one["dropped"])} for one in pairs
    ]
    return _table("side source considered kept longer_chosen dropped", rows)


def _duplicates(told: Mapping[str, Any]) -> str:
    rows = [
        {"texts": name, "equal": told["exact"].get(name, 0), "near": told["near"].get(name, 0)}
        for name in sorted({*told["exact"], *told["near"]})
    ]
    between = _counts(told["between_sources"])
    return "\n\n".join(
        (
            f"Near: {told['shingle_words']}-word runs overlap by {told['threshold']:g} or more (Jaccard).",
            _table("texts equal near", rows) or "None found.",
            f"By the sources of both: {between}." if between else "",
        )
    ).strip()


def _leaks(told: Mapping[str, Any]) -> str:
    skipped = f"Not read: {', '.join(told['skipped'])}." if told["skipped"] else ""
    return "\n\n".join(part for part in (_table("set texts leaks", told["sets"]), skipped) if part)


def _scrubbing(told: Mapping[str, Any]) -> str:
    aside = _counts(told["set_aside"])
    return (
        f"{told['changed']:,} of {told['texts']:,} texts were changed ({_counts(told['replaced']) or 'nothing found'})."
        + (f" Built rows set aside: {aside}." if aside else "")
    )


def _splits(told: Mapping[str, Any]) -> str:
    rows = [{"source": name, **sides} for name, sides in sorted(told["rows"].items())]
    total = {side: sum(one[side] for one in told["rows"].values()) for side in told["wanted"]}
    everything = max(sum(total.values()), 1)
    shares = ", ".join(f"{side} {100 * total[side] / everything:.1f} %" for side in told["wanted"])
    cut = (
        f"{told['parts_cut']} of them held more than the rest could balance and were cut; texts lost by that:"
        f" {_counts(told['lost']) or 'none'}."
        if told["parts_cut"]
        else "None had to be cut."
    )
    return "\n\n".join(
        (
            f"Texts by side: {shares}. No post, no near-repeat of one ({told['near_repeats_of_posts']:,} found) and no author"
            f" stands on two sides. {told['parts']:,} parts hang together by post or author, the largest of"
            f" {told['largest_part_rows']:,} texts. {cut}",
            _table("source train validation held_out", rows),
            f"Posts: {_counts(told['posts'])}. Authors: {_counts(told['authors'])}.",
        )
    )


def _labels(told: Mapping[str, Any]) -> str:
    return "\n\n".join(
        (
            f"{told['rows']:,} rows went through checks {told['checks']}. What would be held or looked at was set aside, by"
            f" code: {_counts(told['stopped_by']) or 'none'}.",
            f"Codes of the rows that stay: {_counts(told['codes']) or 'none'}.",
            f"Level of their posts: {_counts(told['post_levels']) or 'none'}.",
        )
    )


def _licences(told: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        {
            **one,
            "sources": ", ".join(one["sources"]),
            "publishing": "yes" if one["publishing_allowed"] else "no",
            "credit": "; ".join(one["credit"]) or "-",
        }
        for one in told
    ]
    return _table("title rows sources publishing condition credit", rows)


def _counts(told: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in told.items())


def _table(columns: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    names = columns.split()
    head = "| " + " | ".join(name.replace("_", " ") for name in names) + " |\n|" + "---|" * len(names)
    lines = ("| " + " | ".join(_cell(row.get(name, "")) for name in names) + " |" for row in rows)
    return "\n".join((head, *lines))


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).replace("|", "/")
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
