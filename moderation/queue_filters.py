"""The queue's filters: each narrows, all combine, and all stand in the address. One grouped query counts for all of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, CharField, Count, Q, TextField, Value, When
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from assistant.safety.types import Level, Severity
from moderation import policies
from moderation.areas import BY, noticed_by
from moderation.flagged import KINDS, kind_of
from moderation.models import Flag, Proposal
from moderation.models.flags import FlagQuerySet

YOUNG, OLD = timedelta(hours=1), timedelta(days=1)
NAMES = ("level", "kind", "policy", "noticed", "language", "age", "claimed")
HEADINGS = {
    "level": gettext_noop("Level"),
    "kind": gettext_noop("Text"),
    "policy": gettext_noop("Policy"),
    "noticed": gettext_noop("Noticed by"),
    "language": gettext_noop("Language"),
    "age": gettext_noop("Waiting"),
    "claimed": gettext_noop("Reviewed by"),
}
OPEN = ("level", "kind", "policy", "claimed")  # at first; the others unfold
# In this order; of the others, the most frequent first.
LABELS: dict[str, dict[str, str]] = {
    "level": {str(int(level)): str(int(level)) for level in reversed(Level)},
    "kind": KINDS,
    "policy": {one.code: one.label for one in policies.POLICIES},
    "noticed": {
        "rules": gettext_noop("Rules and checks"),
        "classifier": gettext_noop("A classifier"),
        "model": gettext_noop("The model"),
        "people": gettext_noop("People"),
        "sample": gettext_noop("Nobody: a sample"),
    },
    "language": {},
    "age": {
        "hour": gettext_noop("Less than an hour"),
        "day": gettext_noop("Less than a day"),
        "older": gettext_noop("Longer"),
    },
    "claimed": {"free": gettext_noop("Nobody"), "mine": gettext_noop("Me"), "others": gettext_noop("Others")}
    | {"second": gettext_noop("Needs a second person")},
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody looks at: one value for each filter, or "" for all."""

    level: str = ""
    kind: str = ""
    policy: str = ""
    noticed: str = ""
    language: str = ""
    age: str = ""
    claimed: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """From the address; what is none of the values is as if it were not there."""
        given = {name: query.get(name, "") for name in NAMES}
        known = {name: value for name, value in given.items() if name == "language" or value in LABELS[name]}
        known["language"] = (
            known["language"] if known["language"].isprintable() and len(known["language"]) <= 35 else ""
        )
        return cls(**known)

    def value(self, name: str) -> str:
        found: str = getattr(self, name)
        return found

    @property
    def any(self) -> bool:
        return any(self.value(name) for name in NAMES)

    def query(self, **other: str) -> str:
        pairs = {name: self.value(name) for name in NAMES} | other
        return urlencode({name: value for name, value in pairs.items() if value})

    def with_other(self, name: str, value: str) -> Chosen:
        return replace(self, **{name: value})


def narrow(flags: FlagQuerySet, chosen: Chosen, user: Any) -> FlagQuerySet:
    for name in NAMES:
        value = chosen.value(name)
        if value:
            flags = WHERE[name](flags, value, user)
    return flags


def _of_policy(flags: FlagQuerySet, code: str, _user: Any) -> FlagQuerySet:
    if code == policies.OTHER:
        return _said(flags).exclude(_says_any(policies.BEGINNINGS))
    return _said(flags).filter(_says_any(start for start, of in policies.BEGINNINGS.items() if of == code))


def _of_noticed(flags: FlagQuerySet, whom: str, _user: Any) -> FlagQuerySet:
    return _said(flags).filter(_says_any(f"{family}." for family in BY[whom]))


def _said(flags: FlagQuerySet) -> FlagQuerySet:
    return flags.alias(said=Cast("codes", TextField()))


def _says_any(beginnings: Iterable[str]) -> Q:
    # The codes as text: the same on each database, and a code begins with a quote there and nowhere else.
    return reduce(or_, (Q(said__contains=f'"{start}') for start in beginnings))


def _of_age(flags: FlagQuerySet, age: str, _user: Any) -> FlagQuerySet:
    now = timezone.now()
    where = {
        "hour": Q(opened_at__gt=now - YOUNG),
        "day": Q(opened_at__lte=now - YOUNG, opened_at__gt=now - OLD),
        "older": Q(opened_at__lte=now - OLD),
    }
    return flags.filter(where[age])


# As one list beside the flags: a join for each of them would cost more than all the rest.
_PROPOSED = Q(id__in=Proposal.objects.filter(answered_at=None).values("flag"))


def _of_claimer(flags: FlagQuerySet, whose: str, user: Any) -> FlagQuerySet:
    if whose == "free":
        return flags.free()
    if whose == "second":
        return flags.filter(_PROPOSED)
    claimed = flags.filter(claimed_until__gte=timezone.now())
    return claimed.filter(claimed_by=user) if whose == "mine" else claimed.exclude(claimed_by=user)


WHERE: dict[str, Callable[[FlagQuerySet, str, Any], FlagQuerySet]] = {
    "level": lambda flags, level, _user: flags.filter(level=int(level)),
    "kind": lambda flags, kind, _user: flags.filter(**{f"{kind}__isnull": False}),
    "policy": _of_policy,
    "noticed": _of_noticed,
    "language": lambda flags, language, _user: flags.filter(language=language),
    "age": _of_age,
    "claimed": _of_claimer,
}


@dataclass(slots=True)
class Counts:
    """How many flags there are for this person, how many the filters leave, and how many each other value would."""

    total: int = 0
    shown: int = 0
    urgent_outside: int = 0  # posts
    held_outside: int = 0  # texts of ours that wait
    samples: int = 0  # posts that nothing flagged
    options: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in NAMES})


def count(flags: FlagQuerySet, chosen: Chosen, user: Any, *, offered: Iterable[Flag] = ()) -> Counts:
    """Of each filter's values as the other filters leave them. `offered`: flags in memory that stand among the others."""
    offered = list(offered)
    found = Counts(samples=-sum(flag.is_sample for flag in offered))  # which are none of the sample
    groups = chain(_groups(flags, user), ((_values_of(flag, user), flag.severity, 1) for flag in offered))
    for values, severity, number in groups:
        found.total += number
        found.samples += number if severity == Severity.NOTE and "post" in values["kind"] else 0
        unmet = [name for name in NAMES if chosen.value(name) and chosen.value(name) not in values[name]]
        if not unmet:
            found.shown += number
        elif severity == Severity.HOLD:
            if "post" in values["kind"]:
                found.urgent_outside += number
            else:
                found.held_outside += number
        for name in NAMES if not unmet else unmet if len(unmet) == 1 else ():
            for value in values[name]:
                found.options[name][value] += number
    return found


def fits(flag: Flag, chosen: Chosen, user: Any) -> bool:
    """Of a flag in memory: whether the filters leave it."""
    values = _values_of(flag, user)
    return all(chosen.value(name) in ("", *values[name]) for name in NAMES)


def _values_of(flag: Flag, user: Any) -> dict[str, Iterable[str]]:
    age = timezone.now() - flag.opened_at
    claimer = flag.claimer()
    return {
        "level": (str(flag.level),),
        "kind": (kind_of(flag),),
        **_told_by(flag.codes),
        "language": (flag.language,),
        "age": ("hour" if age < YOUNG else "day" if age < OLD else "older",),
        "claimed": ("free" if claimer is None else "mine" if claimer.pk == user.pk else "others",)
        + ("second",) * (flag.proposed_by is not None),
    }


def _told_by(codes: list[str]) -> dict[str, set[str]]:
    return {"policy": policies.met_by_codes(codes), "noticed": noticed_by(codes)}


def _groups(flags: FlagQuerySet, user: Any) -> Iterable[tuple[dict[str, Iterable[str]], int, int]]:
    """Flags that are alike, with their number: what there is to count is small, however many wait."""
    now = timezone.now()
    text = CharField()
    rows = (
        flags.annotate(
            said=Cast("codes", TextField()),
            kind=Case(
                When(post__isnull=False, then=Value("post")),
                When(suggestion__isnull=False, then=Value("suggestion")),
                default=Value("reply"),
                output_field=text,
            ),
            age=Case(
                When(opened_at__gt=now - YOUNG, then=Value("hour")),
                When(opened_at__gt=now - OLD, then=Value("day")),
                default=Value("older"),
                output_field=text,
            ),
            claimed=Case(
                When(Q(claimed_until=None) | Q(claimed_until__lt=now), then=Value("free")),
                When(claimed_by=user, then=Value("mine")),
                default=Value("others"),
                output_field=text,
            ),
            second=Case(When(_PROPOSED, then=Value("second")), default=Value(""), output_field=text),
        )
        .order_by()
        .values_list("severity", "level", "kind", "said", "language", "age", "claimed", "second")
        .annotate(number=Count("id"))
    )
    told: dict[str, dict[str, set[str]]] = {}
    for severity, level, kind, said, language, age, claimed, second, number in rows:
        if said not in told:
            told[said] = _told_by(json.loads(said))
        values: dict[str, Iterable[str]] = {
            "level": (str(level),),
            "kind": (kind,),
            **told[said],
            "language": (language,),
            "age": (age,),
            "claimed": (claimed, second) if second else (claimed,),
        }
        yield values, severity, number


def groups_of_links(chosen: Chosen, counts: Counts) -> list[dict[str, Any]]:
    """Each filter with the values that there are now; the one that is chosen stays, so that it can be taken back."""
    return [
        {
            "name": name,
            "heading": gettext(HEADINGS[name]),
            "open": name in OPEN or bool(chosen.value(name)),
            "options": options,
        }
        for name in NAMES
        if (options := _options(name, chosen, counts.options[name]))
    ]


def _options(name: str, chosen: Chosen, numbers: Counter[str]) -> list[dict[str, Any]]:
    labels = LABELS[name]
    there = [value for value in labels if numbers[value] or value == chosen.value(name)]
    there += [value for value, _ in numbers.most_common() if value and value not in labels and name == "language"]
    if chosen.value(name) and chosen.value(name) not in there:
        there.append(chosen.value(name))
    if len(there) < 2 and not chosen.value(name):
        return []  # nothing to tell apart
    return [
        {
            "value": value,
            "label": gettext(labels[value]) if value in labels else value,
            "count": numbers[value],
            "current": value == chosen.value(name),
            "query": chosen.with_other(name, "" if value == chosen.value(name) else value).query(),
        }
        for value in there
    ]
