"""A recipe is read whole or refused with the key and the remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from training.recipe_files import BadRecipe, load


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Lamp:
    watts: float
    colour: Colour = Colour.RED

    def __post_init__(self) -> None:
        if self.watts <= 0:
            raise ValueError(f"watts={self.watts}: must be above 0.")


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    lamps: tuple[Lamp, ...] = ()
    sides: tuple[int, int] = (1, 1)
    doors: int | None = None
    heated: bool = False
    plan: Path = Path("plan")
    floor: Literal["wood", "stone"] = "wood"
    by_name: dict[str, Lamp] = field(default_factory=dict)


def written(folder: Path, text: str) -> Path:
    path = folder / "room.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_reads_every_sort_of_value(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
name: kitchen
lamps: [{watts: 8e-4}, {watts: 3, colour: blue}]
sides: [3, 4]
doors: null
heated: true
plan: a/b
floor: stone
by_name: {big: {watts: 60}}
""",
    )
    assert load(Room, path) == Room(
        "kitchen", (Lamp(8e-4), Lamp(3.0, Colour.BLUE)), (3, 4), None, True, Path("a/b"), "stone", {"big": Lamp(60.0)}
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nam: kitchen", "room.yaml: nam: no such key. Known: by_name, doors"),
        ("heated: true", "name: missing"),
        ("name: 3", "name: 3: wanted text"),
        ("{name: a, lamps: [{watts: 1}, {watt: 2}]}", r"lamps\[1\]: watt: no such key. Known: colour, watts"),
        ("{name: a, lamps: [{watts: 0}]}", r"lamps\[0\]: watts=0.0: must be above 0"),
        ("{name: a, lamps: [{watts: much}]}", "watts: 'much': wanted a number"),
        ("{name: a, lamps: [{watts: .inf}]}", "wanted a finite number"),
        ("{name: a, lamps: {watts: 1}}", "lamps: .*: wanted a list"),
        ("{name: a, lamps: [{watts: 1, colour: green}]}", "'green': wanted one of red, blue"),
        ("{name: a, sides: [1, 2, 3]}", "wanted a list of 2"),
        ("{name: a, doors: true}", "doors: True: wanted a whole number"),
        ("{name: a, floor: sand}", "wanted one of wood, stone"),
        ("- name", "wanted keys of Room"),
        ("name: a\nname: b", "the key name stands here twice"),
        ("name: [", "not YAML"),
        ("name: !!python/object:os.system a", "not YAML"),
    ],
)
def test_it_refuses_and_says_where_and_why(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadRecipe, match=says):
        load(Room, written(tmp_path, text))


def test_it_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=r"no\.yaml: cannot be read"):
        load(Room, tmp_path / "no.yaml")
