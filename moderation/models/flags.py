"""Flags and decisions. Decisions are only ever added."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, FilteredRelation, Q, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant import triage
from assistant.models import CaseKey, DraftRevision, Post, Reply, Suggestion
from assistant.safety.types import Level, Severity
from assistant.vault.fields import EncryptedTextField

_HELD_POST = Q(post__isnull=False, severity=Severity.HOLD.value)  # by its level, or somebody said that it cannot wait
# What rushes, in the queue's order. Levels 0 and 1 rush nobody, and a held reply does not wait behind them.
_RUSH = Case(
    When(level=Level.PLAN.value, then=4),
    When(Q(level=Level.METHOD.value) | _HELD_POST, then=3),
    When(level=Level.ACTIVE.value, then=2),
    default=0,
)
_POSTS_FIRST = Case(When(post__isnull=False, then=0), default=1)
if TYPE_CHECKING:
    from moderation.models.decided import Proposal


class FlagQuerySet(models.QuerySet["Flag"]):
    def open(self) -> Self:
        """Waiting for a decision. A reply that its author took back needs none; its flag is closed by reconcile_holds."""
        taken_back = Q(reply__status=Reply.Status.TAKEN_BACK)
        return self.filter(status=Flag.Status.OPEN, case__destroyed_at=None).exclude(taken_back)

    def in_order(self) -> Self:
        """Whoever may be in danger first, by the level of their post; then what is held; then what a seeker wrote, before
        anything written to them; then the longest waiting. Nothing is ever left out by a score."""
        return self.alias(place=_POSTS_FIRST).order_by("-rush", "-severity", "place", "-level", "opened_at", "id")

    def with_proposer(self) -> Self:
        """Sets `proposed_by`, for lists: one query, however many rows."""
        waiting = FilteredRelation("proposals", condition=Q(proposals__answered_at=None))
        return self.annotate(waiting=waiting).annotate(proposed_by=F("waiting__by"))

    def behind(self, last: Flag) -> Self:
        """Those that come after it in that order, whether it is still open or not."""
        rush, place = last.rush_now(), 0 if last.post_id else 1
        same_rush = Q(rush=rush)
        same_severity = same_rush & Q(severity=last.severity)
        same_place = same_severity & Q(place=place)
        same_level = same_place & Q(level=last.level)
        return self.alias(place=_POSTS_FIRST).filter(
            Q(rush__lt=rush)
            | (same_rush & Q(severity__lt=last.severity))
            | (same_severity & Q(place__gt=place))
            | (same_place & Q(level__lt=last.level))
            | (same_level & Q(opened_at__gt=last.opened_at))
            | (same_level & Q(opened_at=last.opened_at, id__gt=last.id))
        )

    def free(self) -> Self:
        """Reviewed by nobody right now."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=Now()))

    def samples(self) -> Self:
        """Posts that nothing flagged, drawn at random: the only flags that ask for no more than a note."""
        return self.filter(post__isnull=False, severity=Severity.NOTE)

    def for_person(self, user: Any) -> Self:
        """What this person may decide: escalated flags are for those who may decide escalated ones, appeals for others
        than those who decided."""
        own = Decision.objects.filter(Q(by=user) | Q(confirmed_by=user), appeal__isnull=False)
        mine = self.exclude(status=Flag.Status.OPEN, id__in=own.values("appeal__flag"))
        return mine if user.has_perm("moderation.decide_escalated") else mine.filter(escalated=False)

    def with_subjects(self) -> Self:
        return self.select_related(
            "case",
            "post",
            "suggestion__job__revision",
            "suggestion__job__draft__post",
            "reply__draft__post",
            "reply__revision",
            "claimed_by",
        )


class Flag(models.Model):
    """ "A person should look at this", about exactly one text."""

    proposed_by: uuid.UUID | None = None  # who proposed what waits for a second person; set by `with_proposer`

    class Status(models.TextChoices):
        OPEN = "open"
        DECIDED = "decided"
        DROPPED = "dropped"  # the author took the text back, or the case was erased, before anyone decided

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="flags")
    suggestion = models.ForeignKey(Suggestion, null=True, on_delete=models.PROTECT, related_name="flags")
    reply = models.ForeignKey(Reply, null=True, on_delete=models.PROTECT, related_name="flags")
    severity = models.PositiveSmallIntegerField(choices=[(level.value, level.name.lower()) for level in Severity])
    level = models.PositiveSmallIntegerField(default=0)  # of the post in this case, when the flag was opened or raised
    language = models.CharField(max_length=35)  # of that post; here, because the queue counts all open flags by it
    rush = models.GeneratedField(expression=_RUSH, output_field=models.PositiveSmallIntegerField(), db_persist=True)
    codes = models.JSONField(default=list)  # of the findings; fixed words, no content
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    version = models.PositiveIntegerField(default=1)  # raised by whatever makes an older page stale
    escalated = models.BooleanField(default=False)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    claimed_at = models.DateTimeField(null=True)  # means something while the claim lasts
    claimed_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        permissions = [
            ("view_flags", "Can see the queue and what was flagged"),
            ("decide_flags", "Can decide flags"),
            ("decide_escalated", "Can decide flags that were escalated"),
        ]
        indexes = [
            models.Index(fields=["status", "-rush", "-severity", "-level", "opened_at"]),
            models.Index(fields=["opened_at"]),  # the figures of the last days
            models.Index(fields=["closed_at"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="flag_has_one_subject",
                condition=(
                    Q(post__isnull=False, suggestion=None, reply=None)
                    | Q(post=None, suggestion__isnull=False, reply=None)
                    | Q(post=None, suggestion=None, reply__isnull=False)
                ),
            ),
            models.CheckConstraint(name="flag_level_is_on_the_ladder", condition=Q(level__lte=max(Level).value)),
            models.UniqueConstraint(
                fields=["raised_by", "post"],
                condition=Q(status="open", raised_by__isnull=False, post__isnull=False),
                name="one_open_flag_per_person_and_post",
            ),
            models.UniqueConstraint(
                fields=["raised_by", "suggestion"],
                condition=Q(status="open", raised_by__isnull=False, suggestion__isnull=False),
                name="one_open_flag_per_person_and_suggestion",
            ),
        ]

    @property
    def subject(self) -> Post | Suggestion | Reply:
        subject = self.post or self.suggestion or self.reply
        assert subject is not None
        return subject

    @property
    def subject_post(self) -> Post:
        """The post that everything in this flag's case goes back to."""
        if self.post is not None:
            return self.post
        if self.suggestion is not None:
            return self.suggestion.job.draft.post
        assert self.reply is not None
        return self.reply.draft.post

    @property
    def revision_seen(self) -> DraftRevision | None:
        """The revision that a decision on this flag is about; None for a post."""
        if self.suggestion is not None:
            return self.suggestion.job.revision
        return self.reply.revision if self.reply is not None else None

    def rush_now(self) -> int:
        """`rush` of a row that is in memory alone, too."""
        if self.level >= Level.METHOD:
            return self.level
        held_post = self.post_id is not None and self.severity == Severity.HOLD
        return 3 if held_post else 2 if self.level == Level.ACTIVE else 0

    @property
    def is_sample(self) -> bool:
        return self.post_id is not None and self.severity == Severity.NOTE

    @property
    def is_appeal(self) -> bool:
        return triage.APPEALED in self.codes

    @property
    def is_open(self) -> bool:
        return self.status == Flag.Status.OPEN

    def proposal(self) -> Proposal | None:
        """The decision that waits for a second person; None when there is none."""
        return self.proposals.filter(answered_at=None).select_related("case", "by").first() if self.is_open else None

    def claimer(self) -> Any | None:
        """Who is reviewing this right now."""
        if self.claimed_until is None or self.claimed_until < timezone.now():
            return None
        return self.claimed_by

    def claim(self, user: Any, *, until: Any) -> bool:
        """Take or renew the claim; False when somebody else has it or the flag is closed."""
        free = Q(claimed_until=None) | Q(claimed_until__lt=Now()) | Q(claimed_by=user)
        since = When(claimed_by=user, claimed_until__gte=Now(), then=Coalesce(F("claimed_at"), Now()))
        taken = Flag.objects.filter(free, id=self.id, status=Flag.Status.OPEN).update(
            claimed_by=user, claimed_at=Case(since, default=Now()), claimed_until=until
        )
        return taken == 1

    def renew_claim(self, user: Any, *, until: Any) -> bool:
        """False when the claim ran out or somebody else has it: what ended is taken anew, in sight of all."""
        mine = Flag.objects.filter(id=self.id, status=Flag.Status.OPEN, claimed_by=user, claimed_until__gte=Now())
        return mine.update(claimed_until=until) == 1

    def end_claim(self, user: Any) -> bool:
        """False when they had none any more."""
        mine = Flag.objects.filter(id=self.id, claimed_by=user, claimed_until__gte=Now())
        return mine.update(claimed_by=None, claimed_until=None) == 1

    def close(self, *, seen: int, status: str) -> bool:
        """Close the flag if its version is still the one that the person saw. Exactly one caller gets True."""
        return (
            Flag.objects.filter(id=self.id, status=Flag.Status.OPEN, version=seen).update(
                status=status, version=F("version") + 1, closed_at=Now(), claimed_until=None
            )
            == 1
        )


class Judgement(models.Model):
    """What somebody says should become of a flag: the outcome, the policy it rests on, the reason, and the state of the
    text that it was said about."""

    class Outcome(models.TextChoices):
        APPROVE = "approve"
        EDIT = "edit"  # approve with changes
        RETURN = "return"  # to its author, with a note
        REJECT = "reject"
        CLOSE = "close"  # what was flagged waits for nothing: it stays where it is
        UPHOLD = "uphold"  # of an appeal: the decision stands
        OVERTURN = "overturn"  # of an appeal: it was wrong

    class Closing(models.TextChoices):
        """What came of a flag that was closed."""

        FINE = "fine", _("Nothing was wrong")
        MISTAKE = "mistake", _("The checks were mistaken")
        TALK = "talk", _("Somebody talks with the supporter")
        SERVICE = "service", _("The service looks after the person who wrote")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseKey, on_delete=models.PROTECT, related_name="+")
    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="%(class)ss")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    policy = models.CharField(max_length=20)  # of moderation.policies
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField()
    edited_text = EncryptedTextField(default="")
    closed_as = models.CharField(max_length=10, choices=Closing.choices, blank=True)
    flag_version = models.PositiveIntegerField()
    revision = models.ForeignKey(DraftRevision, null=True, on_delete=models.PROTECT, related_name="+")
    missed = models.BooleanField(null=True)  # of a sampled post: there were signs of danger; null for every other flag
    danger = models.BooleanField(null=True)  # of a held post: the signs were real, or nobody can rule it out; else null
    at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["flag", "flag_version"], name="one_%(class)s_per_version_of_a_flag"),
            models.CheckConstraint(
                name="%(class)s_says_how_it_closes",
                condition=Q(outcome="close") & ~Q(closed_as="") | ~Q(outcome="close") & Q(closed_as=""),
            ),
        ]


Outcome = Judgement.Outcome


class DecisionQuerySet(models.QuerySet["Decision"]):
    def standing(self) -> Self:
        """Those that nobody undid."""
        return self.filter(undo=None)


class Decision(Judgement):
    """An outcome that was carried out. Rows are only added: undoing adds another, and the flag is open again."""

    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    before = models.CharField(max_length=10, blank=True)  # the state of the text until then

    objects = DecisionQuerySet.as_manager()

    def is_by(self, user: Any) -> bool:
        return user.pk in (self.by_id, self.confirmed_by_id)
