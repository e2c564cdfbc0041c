"""From what people wrote to examples of each task."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from training.building.improve import Case, Line, Options, fits_anywhere, improve_examples
from training.building.other_tasks import generate_examples, seeker_examples
from training.building.reflections import listen
from training.building.text import words
from training.schemas import Comment, Dialogue, Example, Rewrite, Thread

__all__ = ["Line", "Options", "build"]

SHORTEST_POST = 8
LONGEST_POST = 260  # words; what a small model's context and a training step on two cores bear


def build(
    threads: Iterable[Thread],
    rewrites: Iterable[Rewrite] = (),
    dialogues: Iterable[Dialogue] = (),
    *,
    lines: Iterable[Line] = (),
    options: Options | None = None,
    seed: int = 1,
) -> Iterator[Example]:
    """The same for the same rows, options and seed.

    `lines`: what peers wrote to somebody; those that would fit under other posts become short drafts. What was rewritten
    serves as a post, more often where it tells of something that can be said back: how it was rewritten is about a writer's
    own thoughts, not a reply.
    Dialogues give nothing yet.
    """
    del dialogues
    options = options or Options()
    fitting = sorted((line for line in lines if fits_anywhere(line.text)), key=lambda line: line.id)
    for thread in threads:
        yield from _of_thread(thread, fitting, options, seed)
    for rewrite in rewrites:
        post = " ".join(rewrite.before.split())
        if fitting and SHORTEST_POST <= len(words(post)) <= LONGEST_POST:
            key = f"{seed}/{rewrite.id}"
            if listen(post):
                some = options
            elif random.Random(key + "/unheard").random() < options.unheard:
                some = replace(options, peer=min(1, options.peer))
            else:
                continue
            yield from improve_examples(
                post, (), group=rewrite.id, origin=rewrite.origin, options=some, seed=key, lines=fitting
            )


def _of_thread(thread: Thread, lines: list[Line], options: Options, seed: int) -> Iterator[Example]:
    told = " ".join(thread.post.split())
    post = f"{thread.title.strip()} {told}" if thread.title and thread.title.strip() not in told else told
    if not SHORTEST_POST <= len(words(post)) <= LONGEST_POST:
        return
    ranked = sorted(thread.comments, key=lambda one: (-(one.votes or 0), one.id))
    replies = [(one.id, one.text, one.author) for one in _by_different_people(ranked)]
    key = f"{seed}/{thread.id}"
    yield from improve_examples(
        post, replies, group=thread.id, origin=thread.origin, options=options, seed=key, lines=lines
    )
    case = Case.of(post, random.Random(key + "/reply"))
    yield from generate_examples(post, replies, group=thread.id, origin=thread.origin, case=case, most=6)
    if random.Random(key + "/seeker").random() < options.seeker:
        yield from seeker_examples(thread)


def _by_different_people(comments: list[Comment]) -> list[Comment]:
    """One reply from each author under one post; who has no code counts as somebody new each time."""
    found: dict[str, Comment] = {}
    for comment in comments:
        found.setdefault(comment.author or f"#{comment.id}", comment)
    return list(found.values())
