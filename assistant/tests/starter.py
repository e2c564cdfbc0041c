"""The real starter model for tests that run it: fetched by `make setup`, missing only where nobody ran that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.inference.modelfile import STARTER, ModelFile

MODELS = Path(__file__).resolve().parents[2] / "var" / "models"


def starter_model_file() -> ModelFile:
    model_file = STARTER.in_folder(MODELS)
    if model_file.path.exists():
        return model_file
    message = f"{model_file.path} is missing. Run `make setup`."
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
