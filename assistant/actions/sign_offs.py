"""The clinician panel signs a version off, refuses it, or takes its word back; and what that comes to for one version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from assistant.actions.refused import Refused
from assistant.models import ModelVersion, PanelMark, PanelSample, SignOff, clock
from assistant.vault import audit

SIGN_OFF_MODELS = "assistant.sign_off_models"
LEAST_OUTPUTS = 20  # of this version, read by whoever signs


@dataclass(frozen=True, slots=True)
class Standing:
    """What the panel's words for one file come to now."""

    version: ModelVersion
    signed: tuple[SignOff, ...]
    refused: tuple[SignOff, ...]
    expired: tuple[SignOff, ...]  # of people who said nothing since
    needed: int

    @property
    def lacks(self) -> str:
        """Why it may not be activated where real people are answered; empty where it may."""
        name = self.version.name
        if self.refused:
            said = gettext("%(name)s: refused by %(who)s, %(date)s. It may not answer people while that stands.")
            return said % {"name": name, "who": self.refused[0].by, "date": f"{self.refused[0].at:%Y-%m-%d}"}
        missing = self.needed - len(self.signed)
        if missing <= 0:
            return ""
        if self.expired:
            said = gettext(
                "%(name)s: the sign-off of %(who)s ran out on %(date)s. The clinician panel has to read a sample and sign again."
            )
            return said % {"name": name, "who": self.expired[0].by, "date": f"{self.expired[0].expires_at:%Y-%m-%d}"}
        if not panel().exists():
            said = gettext(
                "%(name)s: a member of the clinician panel has to read a sample of its outputs and sign it off, and nobody"
                " has the role clinician. An admin gives it, under People."
            )
            return said % {"name": name}
        said = ngettext(
            "%(name)s: %(n)d member of the clinician panel has to read a sample of its outputs and sign it off.",
            "%(name)s: %(n)d members of the clinician panel have to read a sample of its outputs and sign it off.",
            missing,
        )
        return said % {"name": name, "n": missing}


def panel() -> Any:
    """Who may sign, with open accounts."""
    return get_user_model().objects.with_perm(SIGN_OFF_MODELS, include_superusers=False)


def standing_of(version: ModelVersion) -> Standing:
    """A merged file stands by its own sign-offs and by those of the adapter in it."""
    said = SignOff.objects.filter(sha256__in=_files_of(version)).select_related("by").order_by("at")
    latest: dict[Any, SignOff] = {}
    for row in said:
        before = latest.get(row.by_id)
        if row.withdrawn_at is None:
            latest[row.by_id] = row
        elif before is not None and before.verdict == SignOff.Verdict.SIGNED:
            del latest[row.by_id]  # it was replaced, and to take the later word back is not to sign once more
    rows = tuple(latest.values())
    standing = tuple(row for row in rows if row.stands)
    return Standing(
        version=version,
        signed=tuple(row for row in standing if row.verdict == SignOff.Verdict.SIGNED),
        refused=tuple(row for row in standing if row.verdict == SignOff.Verdict.REFUSED),
        expired=tuple(row for row in rows if not row.stands and row.verdict == SignOff.Verdict.SIGNED),
        needed=max(1, min(settings.PANEL_LEAST, panel().count())),
    )


def _files_of(version: ModelVersion) -> set[str]:
    """Whose outputs are its own: by their hashes."""
    return {one.sha256 for one in (version, version.taught_by) if one is not None and one.sha256}


def is_wanted_for(version: ModelVersion) -> bool:
    """Of an adapter, and of a file that carries one, where real people are answered."""
    return bool(settings.LIVE and version.taught_by is not None)


def lack_of(version: ModelVersion) -> str:
    """What the panel has still to say before it may answer here; empty where it may."""
    return standing_of(version).lacks if is_wanted_for(version) else ""


def refuse_without_sign_off(version: ModelVersion) -> None:
    if lacks := lack_of(version):
        raise Refused("sign_off", lacks)


def sign_off(
    version: ModelVersion,
    *,
    sample: PanelSample,
    verdict: str,
    reason: str,
    days: int,
    by: Any,
    study_sha256: str = "",
) -> SignOff:
    """Raises Refused where the person has not read enough, or signs what they called unsafe themselves."""
    with transaction.atomic():
        audit.take_turn()
        _refuse_unread(PanelMark.objects.filter(item__sample=sample, item__version=version, by=by).count())
        called = PanelMark.objects.filter(item__version__sha256__in=_files_of(version), by=by)  # in any sample
        unsafe = called.filter(verdict=PanelMark.Verdict.UNSAFE).count()
        if verdict == SignOff.Verdict.SIGNED and unsafe:
            said = ngettext(
                "You called %(n)d output of this version unsafe. You can refuse it, not sign it.",
                "You called %(n)d outputs of this version unsafe. You can refuse it, not sign it.",
                unsafe,
            )
            raise Refused("unsafe", said % {"n": unsafe})
        row = SignOff(
            version=version,
            sha256=version.sha256,
            sample=sample,
            sample_sha256=sample.sha256,
            study_sha256=study_sha256,
            by=by,
            verdict=verdict,
            reason=reason,
            at=_after_what_they_said(version, by=by),
            expires_at=timezone.now() + timedelta(days=days),
        )
        row.save(force_insert=True)
        audit.record(
            "model.signed_off",
            actor=by,
            object_type="model",
            object_id=version.id,
            outcome=verdict,
            code=version.sha256,
        )
    return row


def _after_what_they_said(version: ModelVersion, *, by: Any) -> datetime:
    """Now, and later than their words before: a clock that was set back makes no later word the earlier one."""
    latest = SignOff.objects.filter(sha256__in=_files_of(version), by=by).aggregate(at=Max("at"))["at"]
    now = clock.now()
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def withdraw_sign_off(row: SignOff, *, by: Any) -> None:
    """One's own. It blocks the next activation; what runs goes on, and the engine's page says so."""
    if row.by_id != by.pk:
        raise Refused(
            "not_own", gettext("Somebody else said this. Say what you think of the version yourself."), status=403
        )
    with transaction.atomic():
        if not SignOff.objects.filter(id=row.id, withdrawn_at=None).update(withdrawn_at=timezone.now()):
            raise Refused("withdrawn", gettext("This was taken back already."))
        audit.record(
            "model.sign_off_withdrawn", actor=by, object_type="model", object_id=row.version_id, code=row.sha256
        )


def _refuse_unread(read: int) -> None:
    if read < LEAST_OUTPUTS:
        said = gettext(
            "You have read %(read)d outputs of this version; at least %(least)d are wanted before you say anything."
        )
        raise Refused("unread", said % {"read": read, "least": LEAST_OUTPUTS})
