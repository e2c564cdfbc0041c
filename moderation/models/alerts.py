"""Alerts and their deliveries: rows, written in the transaction of what they are about. None of them holds content."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from assistant.models.clock import from_now
from assistant.safety.types import Level
from moderation.models.decided import Proposal
from moderation.models.escalations import Escalation
from moderation.models.flags import Flag

LEASE = timedelta(seconds=20)  # longer than a relay or a webhook may take
SECOND = "second_person"
LONGEST_PAUSE = timedelta(seconds=60)  # between two attempts


class AlertQuerySet(models.QuerySet["Alert"]):
    def live(self) -> Self:
        """Those whose matter is not over. Read from the flag and the hand-over themselves, so that whatever ends these
        ends the alert, too."""
        flags = Flag.objects.open()
        proposed = Proposal.objects.filter(answered_at=None).values("flag")
        return self.filter(
            Q(kind=Alert.Kind.FLAG, code="", flag__in=flags.filter(escalated=False).values("id"))
            | Q(kind=Alert.Kind.FLAG, code=SECOND, flag__in=flags.filter(id__in=proposed).values("id"))
            | Q(kind=Alert.Kind.HAND_OVER, escalation__in=Escalation.objects.open().values("id"))
            | Q(kind__in=(Alert.Kind.INVARIANT, Alert.Kind.TEST)),
            closed_at=None,
        )

    def told_to(self, person: Any) -> Self:
        """Live ones that this person was told of since the last change of hands, or has."""
        told = Delivery.objects.filter(person=person, epoch=F("alert__epoch")).values("alert")
        return self.live().filter(Q(holder=person) | Q(id__in=told))

    def with_told(self, person: Any) -> Self:
        """Sets `times_told`, `last_step` and `last_told_at`, of this person's pages since the last change of hands, and
        `unseen`: whether one has still to show it."""
        pages = Delivery.objects.filter(alert=OuterRef("pk"), person=person, channel=Delivery.Channel.IN_APP)
        since = pages.filter(epoch=OuterRef("epoch"))
        last = since.order_by("-made_at", "-step")[:1]
        times = since.order_by().values("alert").annotate(times=Count("id")).values("times")
        return self.annotate(
            times_told=Coalesce(Subquery(times), 0),
            last_step=Subquery(last.values("step")),
            last_told_at=Subquery(last.values("made_at")),
            unseen=Exists(pages.filter(delivered_at=None)),
        )


class Alert(models.Model):
    """Somebody must come. It is repeated, to more and more people, until one of them has it, and again while it has no end."""

    # Set by `with_told`.
    times_told: int
    last_step: int | None
    last_told_at: datetime | None
    unseen: bool

    class Kind(models.TextChoices):
        FLAG = "flag"
        HAND_OVER = "hand_over"
        INVARIANT = "invariant"  # the site found that something about itself is not as it must be
        TEST = "test"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    flag = models.ForeignKey(Flag, null=True, on_delete=models.PROTECT, related_name="alerts")
    escalation = models.ForeignKey(Escalation, null=True, on_delete=models.PROTECT, related_name="alerts")
    code = models.CharField(max_length=40, blank=True)  # which invariant; SECOND: a decision waits for another person
    level = models.PositiveSmallIntegerField(default=0)  # whose clocks count
    opened_at = models.DateTimeField(db_default=Now())
    # A change of hands begins a new epoch: its clock runs from `since`, and its steps are counted anew.
    epoch = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_default=Now())
    step = models.PositiveIntegerField(default=0)  # the last one that was taken
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        permissions = [("be_alerted", "Is told when somebody must come")]
        indexes = [models.Index(fields=["opened_at"], condition=Q(closed_at=None), name="alert_open")]
        constraints = [
            models.CheckConstraint(name="alert_level_is_on_the_ladder", condition=Q(level__lte=max(Level).value)),
            models.UniqueConstraint(
                fields=["flag"], condition=Q(closed_at=None, kind="flag"), name="one_open_alert_per_flag"
            ),
            models.UniqueConstraint(fields=["escalation"], name="one_alert_per_escalation"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(closed_at=None, kind="invariant"), name="one_open_alert_per_invariant"
            ),
        ]

    @property
    def is_for_second(self) -> bool:
        return self.code == SECOND

    def is_told_to(self, person: Any) -> bool:
        return Alert.objects.told_to(person).filter(id=self.id).exists()

    def is_hand_over_of_another(self, person: Any) -> bool:
        """Then it is taken on its page, from them and with a reason."""
        return self.kind == Alert.Kind.HAND_OVER and self.holder_id not in (None, person.pk)

    def change_hands(self, holder: Any | None) -> bool:
        """Begin a new epoch, unless somebody else did since this row was read."""
        return (
            Alert.objects.filter(id=self.id, epoch=self.epoch, closed_at=None).update(
                epoch=F("epoch") + 1, since=Now(), step=0, holder=holder
            )
            == 1
        )


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self, channel: str) -> Self:
        """What is to be sent now: of live alerts, and of their present epoch; what is settled is told to nobody any more.
        First news of the highest level first: where there is too much to send, the repetitions wait."""
        live = Alert.objects.live().values("id")
        free = Q(leased_until=None) | Q(leased_until__lt=Now())
        return self.filter(
            free, channel=channel, delivered_at=None, next_at__lte=Now(), epoch=F("alert__epoch"), alert__in=live
        ).order_by("-alert__level", "step", "next_at", "id")


class Delivery(models.Model):
    """One step of one alert to one person on one channel. Its id is the key by which a second copy is recognised."""

    ENDED = "ended"  # in the place of a rung: to who handed over, that it has ended

    class Channel(models.TextChoices):
        IN_APP = "in_app"  # delivered when a page of that person showed it
        MAIL = "mail"
        WEBHOOK = "webhook"  # to the deployment, not to a person

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    epoch = models.PositiveIntegerField()
    step = models.PositiveIntegerField()
    rung = models.CharField(max_length=10)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=7, choices=Channel.choices)
    made_at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField(db_default=Now())  # of the next attempt
    leased_until = models.DateTimeField(null=True)  # somebody is sending it
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=60, blank=True)  # the type of what went wrong last
    delivered_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["made_at", "id"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["channel", "next_at"], condition=Q(delivered_at=None), name="delivery_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "epoch", "step", "person", "channel"],
                condition=Q(person__isnull=False),
                name="one_delivery_per_step_person_and_channel",
            ),
            models.UniqueConstraint(
                fields=["alert", "epoch", "step", "channel"],
                condition=Q(person=None),
                name="one_delivery_per_step_and_channel",
            ),
        ]

    def lease(self) -> bool:
        """Whether it is ours to send now. Counted before it is sent."""
        free = Q(leased_until=None) | Q(leased_until__lt=Now())
        return (
            Delivery.objects.filter(free, id=self.id, delivered_at=None, next_at__lte=Now()).update(
                leased_until=from_now(LEASE), attempts=F("attempts") + 1
            )
            == 1
        )

    def succeed(self) -> None:
        Delivery.objects.filter(id=self.id).update(delivered_at=Now(), leased_until=None, error="")

    def fail(self, error: str, *, pause: timedelta | None = None) -> None:
        """Try again later: after a second, then after twice as long each time, up to a minute."""
        pause = pause or min(LONGEST_PAUSE, timedelta(seconds=2 ** min(self.attempts, 6)))
        Delivery.objects.filter(id=self.id).update(next_at=from_now(pause), leased_until=None, error=error[:60])


class NotifierBeat(models.Model):
    """A process that delivers alerts, as it last reported itself."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())
    standing_in = models.BooleanField(default=False)  # a web process, while those that should do it are silent


class LastCheck(models.Model):
    """One row: when the site last checked itself, what it found, and how far the audit log had come."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    at = models.DateTimeField()
    failing = models.JSONField(default=dict)  # how many, by the code of the invariant
    audit_seq = models.PositiveBigIntegerField(default=0)
    audit_mac = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="one_last_check", condition=Q(id=1))]

    @classmethod
    def claim(cls, *, every: timedelta) -> bool:
        """Whether it is time, and this process is the one to do it."""
        cls.objects.get_or_create(id=1, defaults={"at": datetime(2000, 1, 1, tzinfo=UTC)})
        return cls.objects.filter(id=1, at__lte=from_now(-every)).update(at=Now()) == 1
