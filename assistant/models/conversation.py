"""Post, draft, revision, reply: what people write to each other."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils import timezone

from assistant.models.ledger import CaseKey
from assistant.provenance import Marked
from assistant.safety.types import Level, Tier
from assistant.vault.fields import EncryptedTextField

# Lower levels rush nobody: whoever waits at one of them is not passed over for ever by another.
_IN_DANGER_FIRST = Case(When(level__gte=Level.ACTIVE.value, then=-F("level")), default=0)
TIERS = (Tier.NONE, Tier.REVIEW, Tier.URGENT)  # from the lowest


class PostQuerySet(models.QuerySet["Post"]):
    def readable(self) -> Self:
        """Posts whose case was not erased."""
        return self.filter(case__destroyed_at=None)

    def waiting_for(self, user: Any) -> Self:
        """Posts that this supporter may be handed: free, not held, not given back by them before. Whoever may be in danger
        comes first, then whoever has waited longest."""
        return (
            self.readable()
            .filter(Q(leased_until=None) | Q(leased_until__lt=Now()) | Q(leased_by=user), status=Post.Status.WAITING)
            .exclude(drafts__in=Draft.objects.filter(author=user).exclude(status=Draft.Status.WRITING))
            .order_by(_IN_DANGER_FIRST, "received_at", "id")
        )

    def wanted_by(self, user: Any) -> Self:
        """Without the topics that this supporter leaves to others."""
        return self.exclude(topics__topic__in=user.left_out_topics.values("topic"))

    def left_out_by(self, user: Any) -> Self:
        """Those alone."""
        return self.filter(topics__topic__in=user.left_out_topics.values("topic")).distinct()


class Post(models.Model):
    """What a seeker wrote. A post is handed to one supporter at a time, as a lease that activity renews."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        HELD = "held"  # a moderator decides before a supporter sees it
        ANSWERED = "answered"
        CLOSED = "closed"  # a moderator withheld it; supporters are not asked to answer

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.OneToOneField(CaseKey, on_delete=models.PROTECT, related_name="post")
    external_id = models.CharField(max_length=200, unique=True, null=True)  # noqa: DJ001 null, so that posts without one do not collide
    text = EncryptedTextField()
    language = models.CharField(max_length=35, default="en")
    country = models.CharField(max_length=2, blank=True)
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField(db_default=Now())
    human_only = models.BooleanField(default=False)  # the seeker, or the service, wants no model near this post
    may_be_learned_from = models.BooleanField(default=False)  # the seeker agreed that a model learns from it
    status = models.CharField(max_length=10, choices=Status.choices)
    was_held = models.BooleanField(default=False)
    approval = models.UUIDField(null=True)  # the decision that let a held post through
    screening_version = models.CharField(max_length=40)
    level = models.PositiveSmallIntegerField(choices=[(level.value, level.name.lower()) for level in Level], default=0)
    tier = models.CharField(max_length=10, choices=[(tier.value, tier.value) for tier in Tier], default=Tier.NONE.value)
    leased_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    leased_until = models.DateTimeField(null=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        permissions = [
            ("write_replies", "Can take posts, draft, ask for improvement and send"),
            ("use_generate", "Can ask for a draft from the post, with a reason"),
            ("enter_posts", "Can enter posts"),
        ]
        indexes = [models.Index(fields=["status", "received_at"])]
        constraints = [
            models.CheckConstraint(
                name="held_post_waits_only_with_approval",
                condition=~Q(was_held=True, approval=None, status__in=["waiting", "answered"]),
            ),
            models.CheckConstraint(name="level_is_on_the_ladder", condition=Q(level__lte=max(Level).value)),
            models.CheckConstraint(name="tier_is_known", condition=Q(tier__in=[tier.value for tier in Tier])),
            models.CheckConstraint(name="held_post_is_urgent", condition=~Q(status="held") | Q(tier=Tier.URGENT.value)),
            models.CheckConstraint(
                name="post_of_high_level_waits_only_with_approval",
                condition=~Q(level__gte=Level.METHOD.value, approval=None, status__in=["waiting", "answered"]),
            ),
        ]

    @property
    def unscreened(self) -> bool:
        """Whether a check was in trouble when it came: then finding nothing says less than usual."""
        return self.findings.filter(phase="pipeline").exists()

    def raise_tier(self, tier: Tier) -> bool:
        """Whether it rose. Nothing lowers a tier, so the order of those who raise it does not matter."""
        lower = [known.value for known in TIERS[: TIERS.index(tier)]]
        return Post.objects.filter(id=self.id, tier__in=lower).update(tier=tier.value) == 1

    def lease(self, user: Any, *, until: Any) -> bool:
        """Take or renew the lease; False when somebody else has it or the post no longer waits. `user`: or the id of one."""
        taken = Post.objects.filter(
            Q(leased_until=None) | Q(leased_until__lt=Now()) | Q(leased_by=user), id=self.id, status=Post.Status.WAITING
        ).update(leased_by=user, leased_until=until)
        return taken == 1

    def end_lease(self, user: Any) -> None:
        Post.objects.filter(id=self.id, leased_by=user).update(leased_by=None, leased_until=None)

    def is_leased_to_another(self, user: Any) -> bool:
        free = self.leased_until is None or self.leased_until < timezone.now()
        return not free and self.leased_by_id != user.pk


class Worry(models.Model):
    """A supporter worries about who wrote the post. Rows are only added: asking again with more to say is another one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="worries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = EncryptedTextField(default="")
    now = models.BooleanField(default=False)  # it cannot wait
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "worries"
        ordering = ["at", "id"]


class Draft(models.Model):
    """A supporter's reply in the making; its words are in its revisions."""

    class Status(models.TextChoices):
        WRITING = "writing"
        HELD = "held"  # the reply waits for a moderator
        RETURNED = "returned"  # a moderator sent it back with a note; it is written on
        SENT = "sent"
        WITHHELD = "withheld"
        SET_ASIDE = "set_aside"  # given back by the supporter

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="drafts")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WRITING)
    last_number = models.PositiveIntegerField(default=0)  # of all revisions, branches included
    head_number = models.PositiveIntegerField(default=0)  # of the revision that counts; 0 before the first
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "author"], name="one_draft_per_post_and_author")]

    @property
    def is_open(self) -> bool:
        return self.status in (Draft.Status.WRITING, Draft.Status.RETURNED)

    def head(self) -> DraftRevision | None:
        return self.revisions.filter(number=self.head_number).select_related("case").first()

    def next_number(self) -> int:
        """Reserve the next revision number; the row stays locked until the transaction ends."""
        Draft.objects.filter(id=self.id).update(last_number=F("last_number") + 1)
        self.refresh_from_db(fields=["last_number", "head_number", "status"])
        return self.last_number


class DraftRevision(models.Model):
    """One numbered state of a draft. Never edited: restoring an old one makes a new one."""

    class Origin(models.TextChoices):
        TYPED = "typed"
        ACCEPTED = "accepted"  # a change of a suggestion was used
        UNDONE = "undone"
        RESTORED = "restored"  # the words of an earlier revision

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    base_number = models.PositiveIntegerField()  # the revision that the page showed when this one was written
    text = EncryptedTextField()
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.TYPED)
    model_spans = models.JSONField(default=list)  # [start, end) of the text that the model wrote; offsets only
    pasted_spans = models.JSONField(default=list)  # the same of what was pasted
    branched = models.BooleanField(default=False)  # saved from a stale page: kept, but not the head
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="revision_numbers_are_unique")]

    @property
    def marked(self) -> Marked:
        spans, pasted = ([(start, end) for start, end in stored] for stored in (self.model_spans, self.pasted_spans))
        return Marked(self.text, spans, pasted)


class Reply(models.Model):
    """What is actually sent, or waits to be."""

    class Status(models.TextChoices):
        HELD = "held"
        SENT = "sent"
        RETURNED = "returned"
        WITHHELD = "withheld"
        TAKEN_BACK = "taken_back"  # by the supporter, before a moderator decided

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="replies")
    revision = models.ForeignKey(DraftRevision, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    status = models.CharField(max_length=10, choices=Status.choices)
    model_share = models.FloatField()  # 0..1 of the characters that are not space
    disclosure = models.TextField(blank=True)  # what its reader is told of the model's part, in the deployment's words
    mark = models.JSONField(default=dict)  # the same for machines, see assistant.disclosure
    was_held = models.BooleanField(default=False)
    approval = models.UUIDField(null=True)  # the decision that let a held reply leave
    edited_by_moderator = models.BooleanField(default=False)
    note = EncryptedTextField(default="")  # what the moderator tells the supporter
    screening_version = models.CharField(max_length=40)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "replies"
        indexes = [models.Index(fields=["status", "sent_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["draft"], condition=Q(status__in=["held", "sent"]), name="one_live_reply_per_draft"
            ),
            models.CheckConstraint(
                name="held_reply_leaves_only_with_approval", condition=~Q(was_held=True, approval=None, status="sent")
            ),
        ]
