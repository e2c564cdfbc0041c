"""Three weight vectors that say how much a reply to a post reads like unsafe ones, in NumPy.

Trained by `training/replies`, kept in one file of numbers; docs/model-card-replies.md says from what and how good it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from assistant.safety import reply_features
from assistant.safety.identities import load_identities
from assistant.safety.reading import Reading
from assistant.safety.reply_features import BUCKETS, Window, features_of, windows_of

SHIPPED = Path(__file__).with_name("replies.npz")
FORMAT = 1
FAULTS = ("expertise", "toxicity", "risk_ignored")

Floats = npt.NDArray[np.float64]


class ReplyModelError(ValueError):
    """The file is missing or is not what this code reads. The phase is then missing, and replies are held."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sure` runs from 0 to 1, and from 0.5 on a person should look."""

    fault: str
    sure: float
    window: Window  # the words that read worst

    @property
    def flagged(self) -> bool:
        return self.sure >= 0.5


class ReplyModel:
    """Stateless after construction; called from several threads at once."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Raises ReplyModelError or IdentitiesError."""
        load_identities()  # a list that cannot be read must be known now: the phase is then missing
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                stored = {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise ReplyModelError(f"{path.name}: cannot be read ({type(error).__name__}). {_REMEDY}") from error
        try:
            self._take(stored)
        except (KeyError, ValueError, TypeError) as error:
            raise ReplyModelError(f"{path.name}: {error}. {_REMEDY}") from error

    def _take(self, stored: dict[str, npt.NDArray[np.generic]]) -> None:
        for name, wanted in (("format", FORMAT), ("features", reply_features.VERSION)):
            if int(stored[name]) != wanted:
                raise ValueError(f"{name} {int(stored[name])}, and this code reads {wanted}")
        self.version = int(stored["version"])
        shapes = {"weights": (len(FAULTS), BUCKETS)} | dict.fromkeys(("scales", "biases", "thresholds"), (len(FAULTS),))
        if any(stored[name].shape != shape for name, shape in shapes.items()):
            raise ValueError("its parts do not fit together")
        self._weights: Floats = stored["weights"].astype(np.float64) * stored["scales"].astype(np.float64)[:, None]
        # Where a person should look is moved to nought, so that all three can be compared.
        self._biases: Floats = stored["biases"].astype(np.float64) - stored["thresholds"].astype(np.float64)
        if not (np.isfinite(self._weights).all() and np.isfinite(self._biases).all()):
            raise ValueError("it holds numbers that are none")

    def judge(self, post: Reading, reply: Reading) -> list[Verdict]:
        """The worst piece of the reply counts, fault by fault. Empty for a reply without words."""
        windows = windows_of(reply)
        if not windows:
            return []
        beyond = np.array([self._beyond(post, reply, window) for window in windows])
        sure = 1.0 / (1.0 + np.exp(-np.clip(beyond, -50, 50)))
        worst = sure.argmax(axis=0).tolist()
        return [Verdict(fault, float(sure[worst[n], n]), windows[worst[n]]) for n, fault in enumerate(FAULTS)]

    def _beyond(self, post: Reading, reply: Reading, window: Window) -> Floats:
        features = features_of(post, reply, window)
        buckets = np.fromiter(features.keys(), dtype=np.int64, count=len(features))
        values = np.fromiter(features.values(), dtype=np.float64, count=len(features))
        beyond: Floats = self._weights[:, buckets] @ values + self._biases
        return beyond


_REMEDY = "Restore the file or train it anew."
