"""EncryptedTextField: text that stands in the database only as AES-256-GCM, bound to table, column, row and case.

A model that uses it has a UUID primary key (known before the first save) and a foreign key `case` to CaseKey. Loading a row
decrypts nothing; reading the attribute does. There is no way to search, order or `.update()` such a column: the first two
make no sense and the third would have no row to bind to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast, overload

from django.core.exceptions import FieldError
from django.db import models

from assistant.vault.keys import seal, unseal

if TYPE_CHECKING:
    _TextField = models.Field[str, str]
else:
    _TextField = models.Field  # not subscriptable at run time


class HasKey(Protocol):
    pk: Any

    def key(self) -> bytes: ...


class Sealed(bytes):
    """Ciphertext as it stands in the column; kept apart from text that waits to be sealed."""


class EncryptedTextField(_TextField):
    description = "Text, encrypted with the key of its case"

    def get_internal_type(self) -> str:
        return "BinaryField"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _OpenOnRead(self))

    def from_db_value(self, value: Any, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def to_python(self, value: Any) -> Any:
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = model_instance.__dict__.get(self.attname)
        if isinstance(value, Sealed) and add:
            raise FieldError(f"{self}: a sealed value cannot be copied to another row; read it as text first.")
        if isinstance(value, str):
            return Sealed(seal(case_of(model_instance).key(), value.encode(), bound_to=self.place_of(model_instance)))
        return value

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str):
            raise FieldError(f"{self}: encrypted text is written by saving its row, never by update() or a lookup.")
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else connection.Database.Binary(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self}: encrypted text cannot be searched.")

    def place_of(self, row: models.Model) -> str:
        return f"{row._meta.db_table}:{self.column}:{row.pk}:{case_of(row).pk}"


class _OpenOnRead:
    def __init__(self, field: EncryptedTextField) -> None:
        self.field = field

    @overload
    def __get__(self, row: None, owner: type[models.Model]) -> _OpenOnRead: ...
    @overload
    def __get__(self, row: models.Model, owner: type[models.Model]) -> str: ...
    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> Any:
        if row is None:
            return self
        if self.field.attname not in row.__dict__:
            row.refresh_from_db(fields=[self.field.attname])  # it was deferred
        value = row.__dict__[self.field.attname]
        if isinstance(value, Sealed):
            return unseal(case_of(row).key(), value, bound_to=self.field.place_of(row)).decode()
        return value

    def __set__(self, row: models.Model, value: Any) -> None:
        row.__dict__[self.field.attname] = value


def case_of(row: models.Model) -> HasKey:
    return cast(HasKey, row.case)  # type: ignore[attr-defined]  # the contract in this module's docstring
