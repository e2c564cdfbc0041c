"""A YAML file becomes a frozen dataclass, or one sentence says what is wrong with it."""

from __future__ import annotations

import math
import types
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import yaml

T = TypeVar("T")


class BadRecipe(ValueError):
    """Names the file, the key, the value and the remedy."""


class _Strict(yaml.SafeLoader):
    """YAML lets the last of two equal keys win; a recipe must not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(problem=f"the key {key} stands here twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load(kind: type[T], path: Path) -> T:
    """Raises BadRecipe."""
    try:
        told = yaml.load(path.read_text(encoding="utf-8"), Loader=_Strict)  # noqa: S506  a SafeLoader
    except OSError as error:
        raise BadRecipe(f"{path}: cannot be read: {error.strerror}. Name a recipe that is there.") from error
    except UnicodeDecodeError as error:
        raise BadRecipe(f"{path}: not UTF-8. Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise BadRecipe(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return make(kind, told if told is not None else {}, where=str(path))


def make(kind: type[T], told: object, *, where: str) -> T:
    """From what YAML or JSON gave. Raises BadRecipe."""
    return cast(T, _made(kind, told, where))


def _made(kind: Any, told: object, where: str) -> Any:
    if kind is Any or kind is object:
        return told
    if is_dataclass(kind):
        return _dataclass(cast(type, kind), told, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind), told, where)
    if origin is Literal:
        if told not in get_args(kind):
            raise _wrong(where, told, f"one of {', '.join(map(str, get_args(kind)))}")
        return told
    if origin is tuple or kind is tuple:
        return _tuple(get_args(kind), told, where)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return _dict(get_args(kind), told, where)
    return _plain(kind, told, where)


def _dataclass(kind: type, told: object, where: str) -> Any:
    if not isinstance(told, Mapping):
        raise _wrong(where, told, f"keys of {kind.__name__}")
    known = {one.name: one for one in fields(kind) if one.init}
    if unknown := sorted(str(key) for key in told if key not in known):
        raise BadRecipe(f"{where}: {unknown[0]}: no such key. Known: {', '.join(sorted(known))}.")
    if missing := [name for name, one in known.items() if name not in told and _is_required(one)]:
        raise BadRecipe(f"{where}: {missing[0]}: missing. Say what it is.")
    hints = get_type_hints(kind)
    given = {name: _made(hints[name], value, f"{where}: {name}") for name, value in told.items()}
    try:
        return kind(**given)
    except BadRecipe:
        raise
    except ValueError as error:  # what the class itself refuses
        raise BadRecipe(f"{where}: {error}") from error


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _one_of(kinds: tuple[Any, ...], told: object, where: str) -> Any:
    if told is None and type(None) in kinds:
        return None
    told_kinds = [kind for kind in kinds if kind is not type(None)]
    error: BadRecipe | None = None
    for kind in sorted(told_kinds, key=lambda kind: kind is str):  # a number is a number before it is a word
        try:
            return _made(kind, told, where)
        except BadRecipe as refused:
            error = error or refused
    assert error is not None
    raise error


def _tuple(kinds: tuple[Any, ...], told: object, where: str) -> tuple[Any, ...]:
    if not isinstance(told, list | tuple):
        raise _wrong(where, told, "a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(told)
    if len(kinds) != len(told):
        raise _wrong(where, told, f"a list of {len(kinds)}")
    return tuple(_made(kind, one, f"{where}[{at}]") for at, (kind, one) in enumerate(zip(kinds, told, strict=True)))


def _dict(kinds: tuple[Any, ...], told: object, where: str) -> dict[Any, Any]:
    if not isinstance(told, Mapping):
        raise _wrong(where, told, "keys with values")
    key_kind, value_kind = kinds or (str, Any)
    return {
        _made(key_kind, key, f"{where}: {key}"): _made(value_kind, value, f"{where}: {key}")
        for key, value in told.items()
    }


def _plain(kind: Any, told: object, where: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(told)
        except ValueError:
            raise _wrong(where, told, f"one of {', '.join(str(one.value) for one in kind)}") from None
    if kind is Path and isinstance(told, str) and told:
        return Path(told)
    if kind is float:
        return _float(told, where)
    if kind is bool and isinstance(told, bool):
        return told
    if kind is int and isinstance(told, int) and not isinstance(told, bool):
        return told
    if kind is str and isinstance(told, str):
        return told
    names = {bool: "true or false", int: "a whole number", str: "text (put it in quotes)", Path: "a path"}
    raise _wrong(where, told, names.get(kind, getattr(kind, "__name__", str(kind))))


def _float(told: object, where: str) -> float:
    """YAML 1.1 reads 8e-4, without a dot, as text."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        raise _wrong(where, told, "a number")
    try:
        number = float(told)
    except ValueError:
        raise _wrong(where, told, "a number") from None
    if not math.isfinite(number):
        raise _wrong(where, told, "a finite number")
    return number


def _wrong(where: str, told: object, wanted: str) -> BadRecipe:
    shown = repr(told)
    return BadRecipe(f"{where}: {shown if len(shown) <= 60 else shown[:57] + '...'}: wanted {wanted}.")
