"""What the plain half says in English, in the language of the page. The rows keep the English."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import gettext

from assistant import reasons
from assistant.models import Finding
from assistant.reasons import Why

_OF_A_CHECK = re.compile(
    r"The (\w+) check\b"
)  # the pipeline puts the name of the phase into what it says of its trouble


def why_words(code: str) -> Why | None:
    why = reasons.told(code)
    return Why(reason_words(why.line), _source_words(why.source)) if why is not None else None


def reason_words(reason: str) -> str:
    """Of a finding. What a rule of another release said stays in English."""
    if found := _OF_A_CHECK.match(reason):
        fixed = f"The {{phase}} check{reason[found.end() :]}"
        return gettext(fixed).format(phase=found[1])
    return gettext(reason)


def finding_rows(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"code": one.code, "reason": reason_words(one.reason), "source": one.source} for one in findings]


def _source_words(source: str) -> str:
    """Vocabularies have words for it; the names of guidance stay as they are."""
    return " · ".join(gettext(part) for part in source.split(" · ")) if source else ""
