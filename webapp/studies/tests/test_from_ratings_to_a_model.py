"""People rate replies, and a model learns from it: by pages and commands alone, to an adapter that is active on the site.

Trains, so it is no test of every day: `training/runs/smoke.sh` calls it with the adapter that DPO made there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from assistant import exports
from assistant.inference.types import Mode
from assistant.models import Deployment, PreferenceExport
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.studies import importing, opening, planning
from webapp.studies.models import Rating, Study
from webapp.studies.tests import research

ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / "var" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
RECIPES = ROOT / "training" / "recipes"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.training, pytest.mark.timeout(0)]

# A post, a reply that hears it, and one that does not, which is the longer in half of them. Invented, and unlike each other: what
# is a copy, or chosen for its length, is left out.
WRITTEN = (
    (
        "The dog we had since I was nine died on Monday and the house feels wrong.",
        "Since you were nine, so most of your life. What do you miss at the door?",
        "It was only an animal and you can simply get another one from the shelter in your town next weekend, so cheer up.",
    ),
    (
        "I sat the driving test for the fifth time today and stalled at the first light.",
        "Five times takes nerve, and then the engine dies at the very first light. How are you now?",
        "You should practise more, everybody else in the country manages to pass that easily.",
    ),
    (
        "My shifts changed to nights and I have not seen my kids awake all week.",
        "A whole week without their voices sounds long. When is the next hour that you have with them?",
        "Plenty of people work at night and they do not complain about such things online, because somebody has to earn money.",
    ),
    (
        "The flat above floods our kitchen again and the landlord never answers the phone.",
        "Water from above, and nobody picks up: no wonder that you are worn out. Who could call with you?",
        "Moving somewhere else would be the sensible answer here, so start packing your things.",
    ),
    (
        "I started at the new school in winter and still eat lunch in the library.",
        "Lunch among the shelves, month after month, must feel long. Which hour of the day is easiest?",
        "Making friends is easy once you stop being shy, so just go over there, say hello and sit down with them tomorrow.",
    ),
    (
        "My mother forgot my name on the phone yesterday and laughed about it afterwards.",
        "She laughed, and you were left holding that. What would you have liked to say to her then?",
        "Old people forget, that is normal, and there is no reason at all to be upset.",
    ),
    (
        "The bakery let me go by text message after six years behind the counter.",
        "Six years, and then a text. That stings. Who came to your counter that you will miss?",
        "Jobs come and go, so write a few applications tonight, look ahead instead and be glad that it is over.",
    ),
    (
        "My sister is getting married and I am the only one who was not asked to help.",
        "To watch everybody else get a task must hurt. Have you two talked since the news?",
        "Weddings are stressful for the bride, so stop making this day about yourself.",
    ),
)
KIND, COLD = ("5", "5", "5", "4", "5"), ("3", "1", "2", "2", "3")
DIMENSIONS = ("readability", "empathy", "connection", "actionability", "safety")


def test_from_ratings_to_an_adapter_that_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Path(os.environ["TRAINING_RUN"])
    site = build.person("willow", Role.ADMIN)
    study = open_study()
    for rater in study.raters.select_related("user").order_by("code"):
        rate_everything(study, research.client_of(rater.user))
    assert Rating.objects.count() == 3 * 2 * len(WRITTEN)
    call_command("studies", "close", study.name, yes=True, by="alder")

    data = tmp_path / "data" / "study"
    data.mkdir(parents=True)
    call_command("export_ratings", study.name, out=data / "ratings.jsonl", yes=True, by="willow")
    pairs = prepared(data.parent, tmp_path / "pairs")
    assert len(WRITTEN) / 2 <= len(pairs) <= len(WRITTEN)  # on either side the longer reply is chosen in half of them
    assert {one["source"] for one in pairs} == {"human_rating"}
    assert {one["chosen"] for one in pairs} <= {kind for _post, kind, _cold in WRITTEN}

    dpo2, recipe = tmp_path / "dpo2", RECIPES / "smoke" / "dpo2.yaml"
    step(
        "training.stages",
        "dpo",
        "--recipe",
        recipe,
        "--data",
        tmp_path / "pairs",
        "--run",
        dpo2,
        "--adapter",
        run / "dpo" / "adapter",
    )
    step("training.stages", "to-gguf", "--recipe", recipe, "--run", dpo2, "--site-python", sys.executable)
    step("training.stages", "manifest", "--run", dpo2)
    step(
        "evaluation.run",
        "--suite",
        "revision",
        "--data",
        run / "data" / "examples.jsonl",
        "--split",
        "train",
        "--limit",
        "3",
        "--model",
        BASE,
        "--adapter",
        dpo2 / "adapter.gguf",
        "--out",
        tmp_path / "measured",
        python=sys.executable,
    )
    shutil.copy(tmp_path / "measured" / "report.json", dpo2 / "report.json")

    call_command("models", "add", str(BASE), "--name", "starter")
    call_command("models", "activate", "starter")
    call_command("models", "add", str(dpo2 / "adapter.gguf"))
    call_command("models", "activate", "smoke-dpo2", "--by", site.username)
    active = Deployment.active_version(Mode.IMPROVE)
    assert active is not None
    assert active.name == "smoke-dpo2"
    assert exports.taught_by(PreferenceExport.objects.get()) == [active]
    capsys.readouterr()


def open_study() -> Study:
    alder = research.person_of_research()
    study = planning.start_study(name="Warmer", question="Which reply hears them?", form="scales", by=alder)
    for key in ("alone", "reference"):
        planning.add_arm(study, key=key, kind=key, version=None, by=alder)
    lines = [
        json.dumps({"id": f"post-{number}", "post": post, "outputs": {"reference": kind, "alone": cold}})
        for number, (post, kind, cold) in enumerate(WRITTEN)
    ]
    rows, problems = importing.read_items("\n".join(lines), study)
    assert problems == []
    importing.add_items(study, rows, by=alder)
    planning.change_size(study, lay_ratings=3, clinician_ratings=0, most_per_rater=30, seed=7, by=alder)
    planning.change_consent(study, consent="You may stop at any time.", pairs_for_training=True, by=alder)
    for name in ("sorrel", "thyme", "yarrow"):
        build.person(name, Role.RATER)
        planning.add_rater(study, name=name, panel="lay", credentials="", by=alder)
    return opening.open_study(study, by=alder)


def prepared(data: Path, out: Path) -> list[dict[str, str]]:
    """Eight posts are divided by codes made anew for every file: with the first seed that leaves some on either side."""
    recipe = (RECIPES / "data" / "ratings.yaml").read_text(encoding="utf-8")
    recipe = recipe.replace("{held_out: 0.20, validation: 0.10}", "{held_out: 0.0, validation: 0.4}")
    for seed in range(20):
        own = data / "recipe.yaml"
        own.write_text(recipe.replace("seed: 3", f"seed: {seed}"), encoding="utf-8")
        step("training.preparation", "build", "--recipe", own, "--data", data, "--out", out, python=sys.executable)
        lines = (out / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
        pairs: list[dict[str, str]] = [json.loads(line) for line in lines]
        if {one["split"] for one in pairs} == {"train", "validation"}:
            return pairs
    raise AssertionError("twenty seeds put all on one side")


def rate_everything(study: Study, client: Client) -> None:
    start = f"/studies/rate/{study.id}/"
    consent = client.get(start, follow=True)
    wording = consent.context["form"]["wording"].value()
    client.post(f"{start}consent", {"agreed": "on", "may_train": "on", "wording": wording})
    kind = {text for _post, text, _cold in WRITTEN}
    while (page := client.get(start, follow=True)).redirect_chain:
        shown = page.content.decode()
        values = KIND if any(text in shown for text in kind) else COLD
        given = dict(zip(DIMENSIONS, values, strict=True)) | {"seen": "", "seconds": "30"}
        assert client.post(page.redirect_chain[-1][0], given).status_code == 302


def step(module: str, *arguments: object, python: str = "") -> None:
    """As somebody would type it; what it says is shown where it fails."""
    command = [python or str(ROOT / ".venv-training" / "bin" / "python"), "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
