"""Who is told of what the site finds about itself, and how often: leads and admins each hour, unless it says otherwise here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from moderation import duty
from moderation.ladder import Rota, Rung
from moderation.models import Shift
from moderation.policy import ALLOW_BREAK_GLASS, VIEW_QUALITY


@dataclass(frozen=True, slots=True)
class Telling:
    again: timedelta = timedelta(hours=1)
    rungs: frozenset[Rung] = frozenset({Rung.EVERYBODY})
    lines: tuple[str, ...] = ()  # whose people on duty are told, too
    comes_and_goes: bool = False  # an alert that was over goes on within that time, instead of beginning anew
    permission: str = ""  # only those who may do something about it, as long as there is one

    def whom(self, rota: Rota, *, holder: object | None) -> list[object]:
        able = list(duty.people_who(self.permission).values_list("pk", flat=True)) if self.permission else []
        return able or rota.told(sorted(self.rungs), lines=self.lines, holder=holder)


_OTHERS = Telling()
_TELLING = {
    "flag_overdue": Telling(
        rungs=frozenset({Rung.NEXT, Rung.LEADS}), lines=(Shift.Line.MODERATOR.value,), comes_and_goes=True
    ),
    "checks_changed": Telling(again=timedelta(weeks=1), permission=VIEW_QUALITY, comes_and_goes=True),
    "reading_not_reviewed": Telling(permission=ALLOW_BREAK_GLASS),
}


def telling_of(code: str) -> Telling:
    return _TELLING.get(code, _OTHERS)
