"""Pairs from the votes of a community."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from assistant.inference.trained_prompts import Task
from training.pairs.choosing import Candidate, Drop, check_texts, choose, draw_by
from training.pairs.options import PairOptions, PairReport
from training.schemas import Comment, Objective, Pair, PairSource, Thread

Unfit = Callable[[str, str], str]  # of an answer and its post: why it is not to be learned; empty where it may be


def community_votes(
    threads: Iterable[Thread], options: PairOptions, *, unfit: Unfit = lambda _answer, _post: ""
) -> tuple[list[Pair], PairReport]:
    """The same pairs for the same threads, options and seed, whatever the order.

    What is `unfit` is never chosen. Set aside afterwards, it would have taken the place of a pair that is fit.
    """
    report = PairReport(PairSource.COMMUNITY_VOTE)
    candidates = []
    for thread in threads:
        comments = _drawn(thread, options, report)
        for better, worse in _by_votes(comments):
            report.considered += 1
            try:
                candidates.append(_voted(thread, better, worse, options, unfit))
            except Drop as drop:
                report.dropped[str(drop)] += 1
    return choose(candidates, options, report)


def _drawn(thread: Thread, options: PairOptions, report: PairReport) -> list[Comment]:
    """Answers with votes. A popular thread has so many that comparing all with all would take hours."""
    known = [one for one in thread.comments if one.votes is not None]
    draw = draw_by(options.seed)
    some = sorted(known, key=lambda one: draw(f"{thread.id}/{one.id}"))[: options.most_answers]
    if left_out := (len(known) * (len(known) - 1) - len(some) * (len(some) - 1)) // 2:
        report.considered += left_out
        report.dropped["more answers than are compared"] += left_out
    return some


def _by_votes(comments: Sequence[Comment]) -> Iterator[tuple[Comment, Comment]]:
    known = sorted(comments, key=lambda one: (-(one.votes or 0), one.id))
    for place, better in enumerate(known):
        for worse in known[place + 1 :]:
            yield better, worse


def _voted(thread: Thread, better: Comment, worse: Comment, options: PairOptions, unfit: Unfit) -> Candidate:
    high, low = better.votes or 0, worse.votes or 0
    ratio = (high + 1) / (max(low, 0) + 1)
    if high < options.least_votes:
        raise Drop("too few votes")
    if high - low < options.least_gap or ratio < options.least_ratio:
        raise Drop("too small a gap")
    if better.author and better.author == worse.author:
        raise Drop("one author")
    if reason := unfit(better.text, thread.post):
        raise Drop(reason)
    check_texts(thread.post, better.text, worse.text, options)
    lead = None if better.created is None or worse.created is None else worse.created - better.created
    if lead is not None and options.most_head_start is not None and lead > options.most_head_start:
        raise Drop("a head start")
    pair = Pair(
        id=f"{thread.id}/{better.id}/{worse.id}",
        task=Task.GENERATE,
        chosen=better.text,
        rejected=worse.text,
        source=PairSource.COMMUNITY_VOTE,
        objective=Objective.EMPATHY,
        origin=thread.origin,
        group=thread.id,
        post=thread.post,
        score_chosen=high,
        score_rejected=low,
        author_chosen=better.author,
        author_rejected=worse.author,
    )
    return Candidate(pair, ratio, (better.id, worse.id), None if lead is None else lead > 0)
