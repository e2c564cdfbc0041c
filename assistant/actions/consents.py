"""People say whether a model may learn from what they write, and take it back."""

from __future__ import annotations

from typing import Any

from assistant.models import LearningConsent, Post
from assistant.models.learning import WORDING
from assistant.transactions import one_transaction
from assistant.vault import audit


@one_transaction
def answer_about_learning(user: Any, *, given: bool) -> None:
    """A supporter's answer to the wording of now. The same answer again changes nothing."""
    agreed = LearningConsent.of(user)
    if given == (agreed is not None) and (agreed is None or agreed.wording == WORDING):
        return
    LearningConsent.objects.create(user=user, given=given, wording=WORDING)
    action = "learning.agreed" if given else "learning.withdrawn"
    audit.record(action, actor=user, object_type="user", object_id=user.pk, code=f"wording {WORDING}")


@one_transaction
def withdraw_post_from_learning(post: Post, *, by: Any | None = None) -> None:
    """The seeker takes it back. What was exported before is not called back by it."""
    if Post.objects.filter(id=post.id, may_be_learned_from=True).update(may_be_learned_from=False):
        audit.record("learning.withdrawn", actor=by, object_type="post", object_id=post.id)
