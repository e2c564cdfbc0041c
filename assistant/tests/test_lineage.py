"""An adapter says what made it and how it was measured, or it is not registered; another one passes a gate first."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import worker_state
from assistant.actions import Refused, deployments
from assistant.inference.types import Mode
from assistant.lineage import Gate, Paper
from assistant.models import AuditEvent, Deployment, GateOverride, GateVerdict, ModelVersion, PreferenceExport
from assistant.tests import gguf_files
from assistant.tests.starter import starter_model_file
from webapp.accounts.roles import Role
from webapp.test import Cast, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(tmp_path: Path) -> Path:
    file = gguf_files.base(tmp_path / "tiny.gguf")
    call_command("models", "add", str(file))
    return file


@pytest.fixture
def warm(tmp_path: Path, base: Path) -> Path:
    return gguf_files.papers(gguf_files.adapter(tmp_path / "warm.gguf", of=base), base=base)


@pytest.fixture
def warmer(tmp_path: Path, base: Path) -> Path:
    """A candidate for the place of `warm`."""
    return gguf_files.papers(gguf_files.adapter(tmp_path / "warmer.gguf", of=base, seed=8), base=base)


def add(path: Path, *more: str) -> ModelVersion:
    call_command("models", "add", str(path), *more)
    return ModelVersion.objects.get(path=str(path))


def change(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def answers(mode: Mode = Mode.IMPROVE) -> str:
    version = Deployment.active_version(mode)
    return version.name if version else ""


# Papers


def test_an_adapter_takes_name_mode_base_and_prompt_from_its_manifest(warm: Path) -> None:
    version = add(warm)
    assert version.base is not None
    assert (version.name, version.mode, version.prompt, version.base.name) == ("warm", "improve", "improve-2", "tiny")
    assert version.manifest["seed"] == 7
    assert version.manifest_sha256 == gguf_files.sha256(warm.with_name("warm.manifest.json"))
    assert version.report["facts"]["adapter SHA-256"] == version.sha256


def test_a_report_may_name_its_model_in_another_place_and_a_manifest_its_prompt(warm: Path) -> None:
    change(warm.with_name("warm.manifest.json"), prompts=None, prompt="improve-1")
    model = {"sha256": "f" * 64, "adapter_sha256": gguf_files.sha256(warm)}
    warm.with_name("warm.report.json").write_text(json.dumps({"suite": "revision", "model": model}))
    assert add(warm).prompt == "improve-1"


@pytest.mark.parametrize("what", ["manifest", "report"])
def test_an_adapter_without_one_of_its_papers_is_refused(warm: Path, what: str) -> None:
    warm.with_name(f"warm.{what}.json").unlink()
    with pytest.raises(CommandError, match=f"no {what} can be read"):
        add(warm)
    assert ModelVersion.objects.count() == 1


def test_the_papers_may_lie_elsewhere(tmp_path: Path, warm: Path) -> None:
    (tmp_path / "papers").mkdir()
    for what in ("manifest", "report"):
        warm.with_name(f"warm.{what}.json").rename(tmp_path / "papers" / f"{what}.json")
    version = add(
        warm, "--manifest", str(tmp_path / "papers/manifest.json"), "--report", str(tmp_path / "papers/report.json")
    )
    assert version.report_path == str(tmp_path / "papers/report.json")


@pytest.mark.parametrize(
    ("what", "fields", "said"),
    [
        ("manifest", {"adapter": {"sha256": "1" * 64}}, "its manifest is that of"),
        ("manifest", {"base": {"sha256": "1" * 64}}, "not registered here"),
        ("manifest", {"base": {}}, "base.sha256 is missing"),
        ("manifest", {"base": "tiny"}, "base.sha256 is missing"),
        ("manifest", {"mode": "cheer"}, 'mode is "cheer"'),
        ("manifest", {"prompts": {"improve": "generate-2"}}, "prompt is"),
        ("manifest", {"prompts": {"improve": "improve-99"}}, "improve-99: no such prompt"),
        ("manifest", {"prompts": {"feedback": "feedback-1"}}, "prompt is missing"),
        ("manifest", {"name": ""}, 'name is ""'),
        ("report", {"facts": {"adapter SHA-256": "1" * 64}}, "measured on the adapter 1111"),
        ("report", {"facts": {"adapter SHA-256": ""}}, 'adapter SHA-256 is ""'),
        ("report", {"facts": None}, "facts.adapter SHA-256 is missing"),
    ],
)
def test_papers_of_something_else_are_refused(warm: Path, what: str, fields: dict[str, Any], said: str) -> None:
    change(warm.with_name(f"warm.{what}.json"), **fields)
    with pytest.raises(CommandError, match=said):
        add(warm)
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"a": NaN}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', "[" * 100_000]
)
def test_a_paper_that_is_no_json_object_is_refused(warm: Path, content: str) -> None:
    warm.with_name("warm.manifest.json").write_text(content)
    with pytest.raises(CommandError, match="one JSON object"):
        add(warm)


def test_what_is_said_at_the_terminal_must_not_contradict_the_manifest(tmp_path: Path, warm: Path) -> None:
    with pytest.raises(CommandError, match="trained to improve"):
        add(warm, "--mode", "generate")
    other = gguf_files.base(tmp_path / "other.gguf", width=32)
    other.write_bytes(other.read_bytes() + b"\0")
    add(other)
    with pytest.raises(CommandError, match="Register it for its own base"):
        add(warm, "--base", "other")
    with pytest.raises(CommandError, match="its manifest says in which words"):
        add(warm, "--prompt", "improve-2")
    assert add(warm, "--base", "tiny", "--mode", "improve").mode == "improve"


def test_verify_names_papers_that_changed(warm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = add(warm)
    call_command("models", "verify")
    change(warm.with_name("warm.report.json"), suite="another")
    with pytest.raises(CommandError, match="1 adapter"):
        call_command("models", "verify")
    assert "changed  warm: the report at" in capsys.readouterr().out
    gguf_files.papers(warm, base=gguf_files.sha256(warm.with_name("tiny.gguf")))
    call_command("models", "verify")
    ModelVersion.objects.filter(id=version.id).update(manifest={"name": "warm"})
    with pytest.raises(CommandError):
        call_command("models", "verify", "warm")
    assert "the row no longer holds" in capsys.readouterr().out


def test_an_adapter_of_before_there_were_papers_is_not_activated(warm: Path) -> None:
    version = add(warm)
    ModelVersion.objects.filter(id=version.id).update(manifest_sha256="", manifest={})
    with pytest.raises(CommandError, match="registered without a manifest"):
        call_command("models", "activate", "warm")


def test_show_tells_which_export_taught_it(warm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = PreferenceExport.objects.create(sha256="ab" * 32, lines=12)
    first = {"record": {"data": {"sources": [{"name": "lantern", "sha256": export.sha256}]}, "parent": {}}}
    change(warm.with_name("warm.manifest.json"), parent=first)
    add(warm)
    call_command("models", "activate", "warm")
    call_command("models", "list")
    call_command("models", "show", "warm")
    said = capsys.readouterr().out
    assert "asked with improve-2" in said
    assert "licences mit" in said
    assert f"learned    data.examples.sha256 {'e' * 64}\n" in said
    assert f"learned    parent.data.sources[0].sha256 {export.sha256}, the export of" in said
    assert "with 12 line(s)" in said
    assert "activated" in said


# Prompts


def test_a_base_that_was_trained_says_in_which_words_it_is_asked(base: Path) -> None:
    call_command("models", "add", str(base), "--name", "tuned", "--prompt", "improve-2", "--prompt", "generate-2")
    version = ModelVersion.objects.get(name="tuned")
    assert [version.prompt_for(mode) for mode in (Mode.IMPROVE, Mode.GENERATE)] == ["improve-2", "generate-2"]
    assert ModelVersion.objects.get(name="tiny").prompt_for(Mode.IMPROVE) == ""


@pytest.mark.parametrize("prompt", ["improve-99", "cheer-1", "improve"])
def test_words_that_this_release_does_not_have_are_refused(base: Path, prompt: str) -> None:
    with pytest.raises(CommandError, match=prompt):
        call_command("models", "add", str(base), "--name", "tuned", "--prompt", prompt)
    with pytest.raises(CommandError, match=prompt):
        call_command("models", "add-remote", "http://10.0.0.5:8080", "--name", "far", "--prompt", prompt)
    ModelVersion.objects.filter(name="tiny").update(prompt=prompt)  # by another release
    with pytest.raises(CommandError, match=prompt):
        call_command("models", "activate", "tiny")


# The gate


@pytest.fixture
def two(warm: Path, warmer: Path) -> None:
    """`warm` answers, `warmer` would like to."""
    for path in (warm, warmer):
        add(path)
    call_command("models", "activate", "tiny")
    call_command("models", "activate", "warm")  # nothing trained answers yet: its report is enough


def test_a_candidate_takes_the_place_of_another_only_through_the_gate(
    two: None, tmp_path: Path, warm: Path, warmer: Path
) -> None:
    with pytest.raises(CommandError, match=r"warm answers what asks to improve.*--gate FILE"):
        call_command("models", "activate", "warmer")
    assert answers() == "warm"
    gate = gguf_files.gate(tmp_path / "gate.json", candidate=warmer, active=warm)
    call_command("models", "activate", "warmer", "--gate", str(gate))
    assert answers() == "warmer"
    assert Deployment.objects.last().passed == {"gate": gguf_files.sha256(gate), "over": "warm"}  # type: ignore[union-attr]
    assert AuditEvent.objects.get(action="model.gate_passed").code == gguf_files.sha256(gate)


def test_a_gate_that_was_not_passed_or_compared_others_opens_nothing(
    two: None, tmp_path: Path, warm: Path, warmer: Path, base: Path
) -> None:
    for gate, said in (
        (gguf_files.gate(tmp_path / "lost.json", candidate=warmer, active=warm, passed=False), "did not pass"),
        (gguf_files.gate(tmp_path / "itself.json", candidate=warm, active=warm), "its candidate is"),
        (gguf_files.gate(tmp_path / "base.json", candidate=warmer, active=base), "its active is"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("models", "activate", "warmer", "--gate", str(gate))
    path = tmp_path / "gate.json"
    for content, said in (
        ("{}", "candidate.adapter SHA-256 is missing"),
        ('{"refused": "Other cases."}', "Other cases"),
    ):
        path.write_text(content)
        with pytest.raises(CommandError, match=said):
            call_command("models", "activate", "warmer", "--gate", str(path))
    change(gguf_files.gate(path, candidate=warmer, active=warm), passed="yes")
    with pytest.raises(CommandError, match="did not pass"):
        call_command("models", "activate", "warmer", "--gate", str(path))
    assert answers() == "warm"


def test_going_back_needs_no_gate(two: None, tmp_path: Path, warm: Path, warmer: Path) -> None:
    gate = gguf_files.gate(tmp_path / "gate.json", candidate=warmer, active=warm)
    call_command("models", "activate", "warmer", "--gate", str(gate))
    call_command("models", "rollback", "--mode", "improve")
    assert answers() == "warm"
    call_command("models", "activate", "tiny")
    assert answers() == "tiny"


def test_activating_the_base_in_between_opens_no_way_around_the_gate(two: None, tmp_path: Path, warm: Path) -> None:
    call_command("models", "activate", "tiny")
    with pytest.raises(CommandError, match=r"warm is the last adapter that answered.*--gate FILE"):
        call_command("models", "activate", "warmer")
    assert answers() == "tiny"
    call_command("models", "activate", "warm")  # what answered last takes nobody's place
    assert answers() == "warm"


def test_going_back_twice_never_brings_back_what_was_left(two: None, tmp_path: Path, warm: Path, warmer: Path) -> None:
    gate = gguf_files.gate(tmp_path / "gate.json", candidate=warmer, active=warm)
    call_command("models", "activate", "warmer", "--gate", str(gate))
    for former in ("warm", "tiny"):
        call_command("models", "rollback", "--mode", "improve")
        assert answers() == former
    with pytest.raises(CommandError, match="No other version"):
        call_command("models", "rollback", "--mode", "improve")
    assert answers() == "tiny"
    assert Deployment.history(Mode.IMPROVE)[1].passed == {"back from": "warmer"}


@pytest.mark.django_db(transaction=True)
def test_of_two_that_are_activated_at_once_the_second_is_held_against_the_first(
    two: None, tmp_path: Path, base: Path, warm: Path, warmer: Path
) -> None:
    hot = gguf_files.papers(gguf_files.adapter(tmp_path / "hot.gguf", of=base, seed=9), base=base)
    add(hot)
    gates = [Gate.of(Paper.read(gguf_files.gate(tmp_path / f"{lora.stem}.json", candidate=lora, active=warm), what="gate"))
             for lora in (warmer, hot)]  # fmt: skip

    def activate_other() -> str:
        try:
            deployments.activate(ModelVersion.objects.get(name="hot"), gate=gates[1])
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()
        return "activated"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            deployments.activate(ModelVersion.objects.get(name="warmer"), gate=gates[0])
            second = pool.submit(activate_other)
            time.sleep(1)  # it asks what answers while this one is on its way
        assert second.result(timeout=30) == "other_gate"
    assert answers() == "warmer"


def override(by: str, reason: str = "The active one repeats itself.") -> None:
    call_command("models", "override", "warmer", "--by", by, "--reason", reason)


def test_two_admins_may_do_without_the_gate_and_it_stands_in_the_audit_log(two: None, cast: Cast) -> None:
    fern = person("fern", Role.ADMIN)
    with pytest.raises(CommandError, match="Only admins"):
        override("wren")
    with pytest.raises(CommandError, match="nobody with an open account"):
        override("heron")
    with pytest.raises(CommandError, match="1 to 100"):
        override("willow", "x" * 101)
    override("willow")
    assert answers() == "warm"
    with pytest.raises(CommandError, match="waits for another admin"):
        override("fern")
    with pytest.raises(CommandError, match="Another admin has to confirm"):
        call_command("models", "confirm", "warmer", "--by", "willow")
    with pytest.raises(CommandError, match="Only admins"):
        call_command("models", "confirm", "warmer", "--by", "wren")
    assert answers() == "warm"
    call_command("models", "confirm", "warmer", "--by", "fern")
    assert answers() == "warmer"
    events = AuditEvent.objects.filter(code="The active one repeats itself.").order_by("seq")
    assert [(event.action, event.actor) for event in events] == [
        ("model.override_proposed", str(cast.willow.pk)),
        ("model.gate_overridden", str(fern.pk)),
    ]
    with pytest.raises(CommandError, match="nobody proposed"):
        call_command("models", "confirm", "warmer", "--by", "fern")


def test_no_single_person_does_without_the_gate(two: None, cast: Cast) -> None:
    with pytest.raises(CommandError):
        call_command("models", "activate", "warmer", "--override", "Alone.", "--by", "willow")
    override("willow")
    row = GateOverride.objects.get()
    with pytest.raises(Refused) as refused:
        deployments.activate(row.version, by=cast.willow, override=row)
    assert refused.value.code == "not_confirmed"
    with pytest.raises(IntegrityError), transaction.atomic():
        GateOverride.objects.update(confirmed_by=cast.willow, confirmed_at=timezone.now())
    assert answers() == "warm"


def test_a_proposal_that_is_old_or_about_another_rival_opens_nothing(two: None, tmp_path: Path, base: Path) -> None:
    for name in ("willow", "fern"):
        person(name, Role.ADMIN)
    override("willow")
    GateOverride.objects.update(until=timezone.now())
    with pytest.raises(CommandError, match="too old"):
        call_command("models", "confirm", "warmer", "--by", "fern")
    override("willow")  # in the place of the old one
    hot = gguf_files.papers(gguf_files.adapter(tmp_path / "hot.gguf", of=base, seed=9), base=base)
    add(hot)
    gate = gguf_files.gate(tmp_path / "gate.json", candidate=hot, active=tmp_path / "warm.gguf")
    call_command("models", "activate", "hot", "--gate", str(gate))
    with pytest.raises(CommandError, match="hot answers now, not warm"):
        call_command("models", "confirm", "warmer", "--by", "fern")
    assert GateOverride.objects.open().count() == 1  # nothing was used up


@pytest.mark.parametrize("left", ["role", "account"])
def test_who_is_no_admin_any_more_is_not_the_first_of_two(two: None, cast: Cast, left: str) -> None:
    person("fern", Role.ADMIN)
    override("willow")
    if left == "role":
        cast.willow.groups.clear()
    else:
        cast.willow.is_active = False
        cast.willow.save(update_fields=["is_active"])
    with pytest.raises(CommandError, match="willow, who proposed this, is no admin any more"):
        call_command("models", "confirm", "warmer", "--by", "fern")
    assert answers() == "warm"
    assert not AuditEvent.objects.filter(action="model.gate_overridden").exists()


def test_what_replaces_nobody_needs_no_override(warm: Path, cast: Cast) -> None:
    add(warm)
    with pytest.raises(CommandError, match="needs no gate"):
        call_command("models", "override", "warm", "--by", "willow", "--reason", "x")


def test_verdicts_are_kept_whether_passed_or_not(two: None, tmp_path: Path, warm: Path, warmer: Path) -> None:
    lost = gguf_files.gate(tmp_path / "lost.json", candidate=warmer, active=warm, passed=False)
    for _ in range(2):
        with pytest.raises(CommandError, match="did not pass"):
            call_command("models", "activate", "warmer", "--gate", str(lost))
    won = gguf_files.gate(tmp_path / "won.json", candidate=warmer, active=warm)
    call_command("models", "activate", "warmer", "--gate", str(won))
    rows = GateVerdict.objects.filter(version__name="warmer", over__name="warm")
    assert sorted(row.passed for row in rows) == [False, True]


def test_a_merged_file_passes_the_gate_of_its_adapter(
    two: None, tmp_path: Path, base: Path, warm: Path, warmer: Path, settings: Settings
) -> None:
    settings.EMBEDDED, settings.WORKER_MODES = False, ["improve"]
    tiny = ModelVersion.objects.get(name="tiny")
    for name in ("warm", "warmer"):
        ModelVersion.objects.create(
            name=f"tiny+{name}", path=str(base), sha256="9" * 64, mode="improve", derived_from=tiny, prompt="improve-2",
            figures={"adapter": name},
        )  # fmt: skip
    call_command("models", "activate", "tiny+warm")  # what answers already, laid out otherwise
    with pytest.raises(CommandError, match="--gate FILE"):
        call_command("models", "activate", "tiny+warmer")
    gate = gguf_files.gate(tmp_path / "gate.json", candidate=warmer, active=warm)
    call_command("models", "activate", "tiny+warmer", "--gate", str(gate))
    assert answers() == "tiny+warmer"


# What answers next


@pytest.mark.model
def test_the_next_job_is_answered_by_what_was_activated_and_by_the_former_after_going_back(tmp_path: Path) -> None:
    """With real adapters on the real model, in one process that is not restarted."""
    from assistant.inference.prompts import build_prompt
    from assistant.inference.types import Params, Request

    file = starter_model_file().path
    call_command("models", "add", str(file), "--name", "starter")
    sha256 = ModelVersion.objects.get().sha256
    loras = {}
    for seed, name in enumerate(("one", "two")):
        path = gguf_files.adapter(tmp_path / f"{name}.gguf", of=file, size=0.2, seed=seed)
        loras[name] = gguf_files.papers(path, base=sha256)
        add(loras[name])
    holder = worker_state.Holder()

    def said() -> str:
        serving = holder.serving(Mode.IMPROVE)
        prompt = build_prompt(
            Mode.IMPROVE, post="The evenings are long.", draft="I hear you.", version=serving.prompt_for(Mode.IMPROVE)
        )
        assert prompt.version == "improve-2"
        params = Params(max_tokens=12, temperature=0.0)
        request = Request(id="1", prompt=prompt, params=params, adapter=serving.adapter)
        return "".join(serving.engine.submit(request))

    try:
        call_command("models", "activate", "starter")
        call_command("models", "activate", "one")
        first = said()
        gate = gguf_files.gate(tmp_path / "gate.json", candidate=loras["two"], active=loras["one"])
        call_command("models", "activate", "two", "--gate", str(gate))
        second = said()
        call_command("models", "rollback", "--mode", "improve")
        assert said() == first != second
    finally:
        holder.close()
