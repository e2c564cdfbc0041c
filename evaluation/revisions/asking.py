"""Asks a model for the revisions, through the site's own engine: greedy, several at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from assistant.inference import prompts, trained_prompts
from assistant.inference.aims import aim_of
from assistant.inference.engine import Engine, EngineError, PromptTooLong
from assistant.inference.modelfile import ModelFile, measured_file
from assistant.inference.trained_prompts import Task
from assistant.inference.types import Mode, Params, Prompt, Request, StopReason
from evaluation.revisions.kept import Kept, Written
from evaluation.revisions.triples import Triple
from evaluation.suite import BadData

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = (prompts.IMPROVE_VERSION, trained_prompts.IMPROVE_VERSION)
DRAFTING = (prompts.GENERATE_VERSION, trained_prompts.GENERATE_VERSION)
VERSIONS_FOR = {Task.IMPROVE: VERSIONS, Task.GENERATE: DRAFTING}
ADAPTER = "candidate"
AT_A_TIME = 8
GREEDY = Params(
    temperature=0.0, deadline_seconds=900.0
)  # else as the site asks; waiting counts, so the deadline is far


def measured(path: Path) -> ModelFile:
    """The file as it is now."""
    if not path.is_file():
        raise BadData(path, "", "no such GGUF file.")
    return measured_file(path)


def model_facts(base: ModelFile | None, adapter: ModelFile | None, version: str) -> dict[str, str | int | float]:
    """What a report says of the model; the gate goes by the sums."""
    return {
        "base": base.path.name if base else "not named",
        "base SHA-256": base.sha256 if base else "",
        "adapter": adapter.path.name if adapter else "none",
        "adapter SHA-256": adapter.sha256 if adapter else "none",
        "prompt": version,
    }


def open_engine(base: ModelFile, adapter: ModelFile | None) -> Engine:
    # Only here: who measures outputs that are written already needs no model.
    from assistant.inference.opening import open_here

    adapters = {ADAPTER: adapter} if adapter else None
    return open_here(base, name=base.path.stem, measured=ROOT / "var" / "threads.json", adapters=adapters)


def prompt_of(triple: Triple, version: str) -> Prompt:
    mode = Mode.GENERATE if version in DRAFTING else Mode.IMPROVE
    goals = [aim_of(goal) for goal in triple.goals]
    return prompts.build_prompt(
        mode, post=triple.post, draft=triple.draft, version=version, goals=goals, keep=triple.keep
    )


def answers_of(
    base: ModelFile, adapter: ModelFile | None, triples: Sequence[Triple], *, version: str, kept: Kept | None = None
) -> dict[str, Written]:
    """By id. Only what is not kept yet is asked, and a model that has nothing to answer is not loaded. Raises EngineError."""
    known = {one.id: found for one in triples if kept and (found := kept.get(prompt_of(one, version)))}
    left = [one for one in triples if one.id not in known]
    if left:
        engine = open_engine(base, adapter)
        try:
            known |= ask_all(engine, left, version=version, adapter=ADAPTER if adapter else "", kept=kept)
        finally:
            engine.close()
    return {one.id: known[one.id] for one in triples}


def ask_all(
    engine: Engine, triples: Sequence[Triple], *, version: str, adapter: str = "", kept: Kept | None = None
) -> dict[str, Written]:
    def ask(triple: Triple) -> Written:
        request = Request(id=triple.id, prompt=prompt_of(triple, version), params=GREEDY, adapter=adapter)
        try:
            stream = engine.submit(request)
            text = "".join(stream).strip()
        except PromptTooLong as error:
            return Written("", error.code)  # a post that this model cannot read is a failure of this model
        return Written(text, stream.outcome.stop if stream.outcome else StopReason.CANCELLED)

    with ThreadPoolExecutor(AT_A_TIME) as pool, tqdm(total=len(triples), unit="draft", file=sys.stderr) as bar:
        written = {}
        try:
            for triple, one in zip(triples, pool.map(ask, triples), strict=True):
                written[triple.id] = one
                if kept and one.stop != StopReason.CANCELLED:
                    kept.add(prompt_of(triple, version), one)
                bar.update()
        except EngineError:
            pool.shutdown(cancel_futures=True)
            raise
    return written
