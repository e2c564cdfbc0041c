"""What a preparation is told: recipes/data/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from training.building import Options as BuildingOptions
from training.licences import Use
from training.preparation.division import SplitOptions
from training.preparation.mix import MixOptions
from training.preparation.quality import QualityOptions
from training.preparation.words import NearOptions
from training.recipe_files import load
from training.sources import SOURCES, LabelledText


@dataclass(frozen=True, slots=True)
class SourceUse:
    name: str
    path: str = ""  # below the data folder; empty: the source's own folder
    licence: str = ""  # of a source that has none of its own
    serves: Literal["", "lines", "rated"] = ""  # labelled texts: as sentences for short drafts, or as rated answers

    def __post_init__(self) -> None:
        source = SOURCES.get(self.name)
        if source is None:
            raise ValueError(f"source={self.name}: no such source. Known: {', '.join(sorted(SOURCES))}.")
        if (source.gives is LabelledText) != bool(self.serves):
            wanted = "`serves: lines` or `serves: rated`" if source.gives is LabelledText else "no `serves`"
            raise ValueError(f"source={self.name}: serves={self.serves or 'nothing'}: wanted {wanted}.")

    def path_below(self, data: Path) -> Path:
        return data / (self.path or SOURCES[self.name].folder)


@dataclass(frozen=True, slots=True)
class DataRecipe:
    name: str
    version: int
    use: Use
    sources: tuple[SourceUse, ...]
    mix: MixOptions
    seed: int = 1
    near: NearOptions = field(default_factory=NearOptions)
    evaluation: tuple[
        str, ...
    ] = ()  # below the data folder: what models are measured on, beside the project's own suites
    splits: SplitOptions = field(default_factory=SplitOptions)
    building: BuildingOptions = field(default_factory=BuildingOptions)
    pairs: dict[str, Any] = field(default_factory=dict)  # of training/pairs.py: PairOptions
    quality: QualityOptions = field(default_factory=QualityOptions)

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("sources: none. Name at least one.")
        names = [(one.name, one.path) for one in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("sources: one stands there twice.")

    @classmethod
    def read(cls, path: Path) -> DataRecipe:
        """Raises BadRecipe."""
        return load(cls, path)
