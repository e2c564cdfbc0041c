"""Examples for the other three tasks: a first reply, a post to practise on, feedback on a good draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.inference.trained_prompts import Task
from training.building.improve import Case, Work, add_question, hear, is_heard
from training.building.replies import windows
from training.building.text import join, words
from training.schemas import Example, Origin, Thread

LONGEST_POST = 150  # words of a post to practise on


def generate_examples(
    post: str, replies: Sequence[tuple[str, str, str]], *, group: str, origin: Origin, case: Case, most: int
) -> Iterator[Example]:
    """Short good replies to the post, those that the community liked best first. `replies`: (id, text, author).

    A reply that hears nothing is given a sentence that does, and one that asks nothing a question, wherever the post allows
    it: what a small model cannot foresee it fills with loops.
    """
    count = 0
    for reply_id, text, author in replies:
        for number, window in enumerate(windows(text, post, most=2, longest=4)):
            work = Work(draft=[], revision=list(window.sentences))
            hears = any(is_heard(cue, one, case) for cue, one in zip(window.cues, window.sentences, strict=True))
            if not hears:
                hear(work, case)
            add_question(work, case)
            count += 1
            yield Example(
                id=f"{group}/{reply_id}/reply/{number}",
                task=Task.GENERATE,
                post=post,
                answer=join(work.revision),
                origin=origin,
                group=group,
                author=author,
            )
            if count == most:
                return


def seeker_examples(thread: Thread) -> Iterator[Example]:
    if thread.topic and 15 <= len(words(thread.post)) <= LONGEST_POST:
        yield Example(
            id=f"{thread.id}/seeker",
            task=Task.SEEKER,
            topic=thread.topic,
            answer=thread.post.strip(),
            origin=thread.origin,
            group=thread.id,
            author=thread.author,
        )
