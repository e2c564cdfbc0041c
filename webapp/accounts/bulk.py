"""Many invitations at once: a pasted list, read line by line. Nothing is sent by reading it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext

from webapp.accounts.forms import ROLE_CHOICES
from webapp.accounts.models import Invitation, User
from webapp.accounts.roles import Role

MOST_LINES = 100
ADDRESS_HEADINGS = ("email", "e-mail", "mail", "address", "correo")


@dataclass(frozen=True, slots=True)
class Line:
    number: int  # of the pasted text
    text: str
    email: str
    roles: list[Role]
    problem: str  # empty: it can be sent


def read_lines(text: str) -> list[Line]:
    """An address, then roles, by comma, semicolon, tab or space, as spreadsheets write them."""
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if numbered and "@" not in numbered[0][1] and numbered[0][1].lower().strip(' "').startswith(ADDRESS_HEADINGS):
        numbered = numbered[1:]
    taken = _addresses_in_use()
    lines: list[Line] = []
    for number, line in numbered:
        lines.append(_read(number, line, taken))
        if lines[-1].email:
            taken.setdefault(
                lines[-1].email, gettext("This address stands in line %(number)s already.") % {"number": number}
            )
    return lines


def _read(number: int, text: str, taken: dict[str, str]) -> Line:
    email, rest = (*re.split(r"[,;\s\"]+", text.strip(' \t,;"'), maxsplit=1), "")[:2]
    email, known = email.lower(), _roles_by_name()
    names = [name for cell in re.split(r"[,;\t\"]+", rest) for name in _names_in(cell.strip(), known)]
    unknown = [name for name in names if name.lower() not in known]
    roles = sorted({known[name.lower()] for name in names if name.lower() in known})
    if not _is_address(email):
        problem = gettext("“%(email)s” is no e-mail address.") % {"email": email}
    elif email in taken:
        problem = taken[email]
    elif unknown:
        problem = gettext("There is no role “%(name)s”.") % {"name": unknown[0]}
    elif not roles:
        problem = gettext("No role stands after the address.")
    else:
        problem = ""
    return Line(number, text, email, roles, problem)


def _names_in(cell: str, known: dict[str, Role]) -> list[str]:
    """Some languages have roles of two words; between other words a space separates."""
    return [cell] if cell.lower() in known else cell.split()


def _addresses_in_use() -> dict[str, str]:
    invited = Invitation.objects.open().exclude(email="").values_list("email", flat=True)
    members = User.objects.exclude(email="").values_list("email", flat=True)
    return {address.lower(): gettext("This address has an open invitation.") for address in invited} | {
        address.lower(): gettext("This address belongs to an account already.") for address in members
    }


def _roles_by_name() -> dict[str, Role]:
    """By their own names, and by those of the page's language."""
    return {name: Role(role) for role, label in ROLE_CHOICES for name in (role, str(label).lower())}


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254


def without(text: str, sent: Iterable[Line]) -> str:
    """What is left of the pasted text after these lines were sent."""
    gone = {line.number for line in sent}
    return "\n".join(line for number, line in enumerate(text.splitlines(), start=1) if number not in gone)
