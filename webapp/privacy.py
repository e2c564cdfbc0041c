"""Erase one case across all apps."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from assistant.dispatch import forget_after_commit
from assistant.models import Post
from assistant.retention import erase_case
from moderation.retention import close_flags_of_case
from webapp.studies.retention import forget_case


def erase_post(post: Post, *, by: Any | None = None) -> None:
    """Everything that was written because of this post. Can be run twice."""
    with transaction.atomic():
        close_flags_of_case(post.case_id)
        erase_case(post, by=by)
        forget_case(post.case_id)
        forget_after_commit(post.case_id)
