"""Erase one case across all apps."""

from __future__ import annotations

from typing import Any

from assistant.dispatch import forget_after_commit
from assistant.models import Post
from assistant.retention import erase_case
from assistant.transactions import one_transaction
from moderation.retention import close_flags_of_case
from webapp.studies.retention import forget_case


@one_transaction
def erase_post(post: Post, *, by: Any | None = None) -> None:
    """Everything that was written because of this post. Can be run twice."""
    close_flags_of_case(post.case_id)
    erase_case(post, by=by)
    forget_case(post.case_id)
    forget_after_commit(post.case_id)
