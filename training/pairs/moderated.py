"""Pairs from what moderators did with replies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assistant.inference.trained_prompts import Task
from training.pairs.choosing import Candidate, Drop, check_texts, choose
from training.pairs.options import PairOptions, PairReport
from training.schemas import Objective, Pair, PairSource
from training.sources.lantern import FinishedDraft, Outcome


def moderator_decisions(drafts: Iterable[FinishedDraft], options: PairOptions) -> tuple[list[Pair], PairReport]:
    """A moderator's wording over the held one; and a reply that was shown over one to the same post that was withheld.

    Not balanced by length: there are few, and what makes a reply safe may make it longer. The report says by how much.
    """
    report = PairReport(PairSource.MODERATOR_DECISION)
    candidates = []
    cases: dict[str, list[FinishedDraft]] = {}
    for draft in drafts:
        cases.setdefault(draft.case, []).append(draft)
    for found in cases.values():
        for pair in (*_edited(found), *_withheld(found)):
            report.considered += 1
            try:
                check_texts(pair.post, pair.chosen, pair.rejected, options, alike=1.0)
            except Drop as drop:
                report.dropped[str(drop)] += 1
            else:
                candidates.append(Candidate(pair, 1.0))
    return choose(candidates, options, report, balanced=False)


def _edited(drafts: Sequence[FinishedDraft]) -> Iterator[Pair]:
    for one in drafts:
        if one.moderator is None or one.moderator.outcome is not Outcome.EDITED:
            continue
        if one.moderator.edited_text.strip() != one.sent.strip():
            yield _decided(one, one, one.moderator.edited_text, Task.IMPROVE, draft=one.sent)


def _withheld(drafts: Sequence[FinishedDraft]) -> Iterator[Pair]:
    shown = [one for one in drafts if one.shown]
    for bad in drafts:
        for good in shown:
            if not bad.shown and good.post == bad.post and good.shown.strip() != bad.sent.strip():
                yield _decided(good, bad, good.shown, Task.GENERATE)


def _decided(good: FinishedDraft, bad: FinishedDraft, chosen: str, task: Task, *, draft: str = "") -> Pair:
    return Pair(
        id=f"{good.id}/{bad.id}/{'edited' if draft else 'withheld'}",
        task=task,
        chosen=chosen.strip(),
        rejected=bad.sent.strip(),
        source=PairSource.MODERATOR_DECISION,
        objective=Objective.SAFETY,
        origin=bad.origin,
        group=bad.group,
        post=bad.post,
        draft=draft,
        score_chosen=1.0,
        author_chosen=good.author,
        author_rejected=bad.author,
    )
