"""The texts that a suite measures: a model is asked for them, a file holds them, or people wrote them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.inference.engine import EngineError
from assistant.inference.types import StopReason
from evaluation.revisions import asking
from evaluation.revisions.kept import Kept
from evaluation.revisions.sheet import not_to_commit
from evaluation.revisions.triples import Triple, read_outputs
from evaluation.rows import fingerprint
from evaluation.suite import BadData, Options

SPLITS = ("held_out", "validation", "train")
Facts = dict[str, str | int | float]


def add_options(parser: ArgumentParser, versions: Sequence[str]) -> None:
    parser.add_argument("--model", type=Path, metavar="FILE", help="the base model, a GGUF file")
    parser.add_argument("--adapter", type=Path, metavar="FILE", help="a GGUF adapter on top of it")
    parser.add_argument(
        "--prompt",
        choices=versions,
        help="how the model is asked (as it was trained with an adapter, else with the task shown to it)",
    )
    parser.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE",
        help="JSONL of id and output: measure these; --model and --adapter only name",
    )
    parser.add_argument("--people", action="store_true", help="measure what people wrote in a model's place")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the outputs there, for --outputs")
    parser.add_argument(
        "--kept", type=Path, metavar="DIR", help="take answers from there that were given before, and keep new ones"
    )
    parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="rows of this split (held_out)")


def check(path: Path, options: Options, *, folders: Sequence[str] = ("write", "kept")) -> None:
    """Raises BadData where there is nothing to measure, or texts would be written where git takes them."""
    for name in folders:
        if options.more.get(name):
            not_to_commit(options.more[name])
    if not any(options.more.get(name) for name in ("outputs", "model", "people")):
        raise BadData(path, "", "needs --model FILE to ask, --outputs FILE that one wrote, or --people.")


def split_of(options: Options) -> str:
    return str(options.more.get("split") or SPLITS[0])


def outputs_of(
    cases: Sequence[Triple], more: Mapping[str, Any], versions: tuple[str, str]
) -> tuple[dict[str, str], Facts]:
    """By id; and what wrote them."""
    if more.get("people"):
        return {one.id: one.answer for one in cases}, {"outputs": "written by people"}
    base = asking.measured(more["model"]) if more.get("model") else None
    adapter = asking.measured(more["adapter"]) if more.get("adapter") else None
    version = str(more.get("prompt") or versions[1 if adapter else 0])
    facts = asking.model_facts(base, adapter, version)
    if written := more.get("outputs"):
        return read_outputs(written, cases), facts | {
            "outputs": "read from a file",
            "outputs SHA-256": fingerprint(written),
        }
    assert base is not None  # `check` refused
    kept = Kept(more["kept"], base=base, adapter=adapter, params=asking.GREEDY) if more.get("kept") else None
    try:
        answers = asking.answers_of(base, adapter, cases, version=version, kept=kept)
    except EngineError as error:
        raise BadData(base.path, "", str(error)) from error
    stops = Counter(one.stop for one in answers.values() if one.stop != StopReason.END)
    facts |= {"outputs": "greedy"} | {f"outputs that ended by {stop}": n for stop, n in stops.items()}
    return {identity: one.text for identity, one in answers.items()}, facts


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"id": identity, "output": text}, ensure_ascii=False) for identity, text in outputs.items()]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
