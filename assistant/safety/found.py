"""What can be found in a text that tells who somebody is or how to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Contact(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    SHORT_CODE = "short_code"
    URL = "url"
    HANDLE = "handle"
    ADDRESS = "address"
    CARD = "card"
    IBAN = "iban"
    SSN = "ssn"
    DOCUMENT = "document"
    IP = "ip"
    LONG_NUMBER = "long_number"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Found:
    contact: Contact
    start: int  # offsets into the text that was searched
    end: int
    value: str  # e-mail: as is; phone and numbers: digits; URL: host; name: as written
