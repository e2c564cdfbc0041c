"""Writes the trained models as the one file of numbers that the site reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from assistant.safety import reply_features
from assistant.safety.reply_model import FAULTS, FORMAT, ReplyModel
from training.replies.fit import Linear


def write(path: Path, models: Mapping[str, Linear], thresholds: Mapping[str, float], *, version: int) -> ReplyModel:
    """Reads the file back, so that it is known to load."""
    np.savez_compressed(
        path,
        allow_pickle=False,
        format=np.array(FORMAT),
        features=np.array(reply_features.VERSION),
        version=np.array(version),
        weights=np.stack([models[fault].weights for fault in FAULTS]),
        scales=np.array([models[fault].scale for fault in FAULTS]),
        biases=np.array([models[fault].bias for fault in FAULTS]),
        thresholds=np.array([thresholds[fault] for fault in FAULTS]),
    )
    return ReplyModel(path)
