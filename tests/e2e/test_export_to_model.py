"""From reviewed cases to a better model: decided, exported by two persons, composed, tuned, measured, held back."""

import gc
import json
import re
import shlex
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cds_service import bootstrap
from cds_service.bootstrap import open_similarity, stations_over
from cds_service.cli import main
from cds_service.commands import own_road
from cds_service.commands.evaluate_assessment import assessment
from cds_service.commands.evaluate_bias import bias
from cds_service.commands.model import model
from cds_service.commands.train_model import tune
from cds_service.evaluation.bias import kept
from cds_service.export.check import check_export
from cds_service.export.exporter import Exporter
from cds_service.export.runner import Runner
from cds_service.export.states import State
from cds_service.inference.registry.files import identity_of
from cds_service.review.values import Verdict
from cds_service.settings import Setting
from cds_service.training.build.build import Wanted, build
from cds_service.training.synth.parts import Part
from cds_service.training.synth.write import write_cases
from cds_service.training.tuning.data_files import read_data
from tests.support import adapters
from tests.support.export_scene import CHEST, OWN, decide
from tests.support.export_values import approving, asked, officers
from tests.support.review_scene import Scene, body_of
from tests.support.tiny_models import save_causal
from tests.unit.training.tuning.material import write_run

NOW = datetime(2031, 3, 4, 10, 30, tzinfo=UTC)
PATIENTS = 12
EQUAL = {"synthetic": 1.0, "clinic": 1.0, "public": 0.0}
HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def scene(built, tmp_path_factory):
    """A clinic that has decided a case of each of its patients."""
    made = Scene(tmp_path_factory.mktemp("clinic"), built, now=NOW)
    for number, hours in enumerate(HOURS):
        chest = CHEST | {"complaint": f"chest pressure for {hours} hours, sweating"}
        made.hook(body_of(made.at, patient=f"demo-{number}", name=("Nemosdottir", "Ingeborg"), **chest))
        decide(made, Verdict.CONFIRM, replace(OWN, history=f"Fell ill {hours} hours ago."))
    made.later(days=2)
    return made


@pytest.fixture(scope="module")
def exported(scene, built):
    """What two compliance officers ordered and approved, in its folder."""
    orders, (one, other) = scene.clinic.exports, officers(scene.clinic)
    writer = Exporter(
        scene.recorder.database, scene.recorder.vault, scene.clinic.rights, settings=scene.clinic.settings,
        retriever=built.retriever, similarity=open_similarity(), now=lambda: scene.at,
    )  # fmt: skip
    runner = Runner(orders, lambda: writer, now=lambda: scene.at)
    wanted = asked(scene.at)
    placed = orders.order(replace(wanted, scope=replace(wanted.scope, priorities=frozenset())), one, scene.at)
    runner.once(threading.Event())
    previewed = orders.get(placed.id)
    assert previewed.state is State.AWAITING, previewed.reason
    orders.approve(placed.id, approving(previewed, other), other, scene.at)
    runner.once(threading.Event())
    return orders.get(placed.id)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Made-up cases."""
    file = tmp_path_factory.mktemp("cases") / "cases.jsonl"
    write_cases(file, count=8, seed=5, setting=Setting.FAMILY_PRACTICE, part=None, show=quiet)
    return file


@pytest.fixture(scope="module")
def data(scene, exported, cases, built, tmp_path_factory):
    """The training set of both."""
    out = tmp_path_factory.mktemp("data")
    clinic = scene.clinic.exports.folder_of(exported) / "train.jsonl"
    wanted = Wanted(synthetic=(cases,), clinic=(clinic,), shares=EQUAL, twin_share=0.0)
    stations = stations_over(built.settings, built.gate, built.retriever).under(Setting.FAMILY_PRACTICE)
    return out, build(out, wanted, lambda: stations, made=scene.at, show=quiet)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A model that has learned nothing."""
    return save_causal(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def call(scene, base, built):
    """Runs a command of the clinic whose model that is; returns its exit code and what it said."""

    @contextmanager
    def road(settings, show):
        yield stations_over(built.settings, built.gate, built.retriever)

    settings = {"DATA_DIR": scene.clinic.settings.data_dir, "KEYS_FILE": scene.clinic.settings.keys,
                "MODEL": "transformers", "MODEL_ID": base, "MODEL_QUANTIZATION": "none"}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_road, "own_road", road)
        patch.setattr(bootstrap, "open_similarity", lambda: lambda rows, columns: [[0.0] * len(columns)] * len(rows))
        few = [pair for pair in kept.kept_pairs() if pair.second is None][:1]
        patch.setattr(kept, "kept_pairs", lambda: few)
        for name, value in settings.items():
            patch.setenv(f"CDS_{name}", str(value))

        def act(command, *arguments):
            result = CliRunner().invoke(command, [str(a) for a in arguments])
            assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
            return result.exit_code, result.output

        yield act


@pytest.fixture(scope="module")
def run(call, data, base, tmp_path_factory):
    """The adapter of three steps."""
    folder = tmp_path_factory.mktemp("run")
    file = write_run(folder / "run.toml", base, max_steps=3, batch=1, max_tokens=3000)
    gc.freeze()  # a trainer collects garbage first: it need not look at what was there before
    code, said = call(tune, file, "--data", data[0], "--out", folder / "run")
    gc.unfreeze()
    assert (code, "Adapter of 3 steps" in said) == (0, True), said
    return folder / "run"


@pytest.fixture(scope="module")
def measured(call, run, cases, tmp_path_factory):
    """Options with the figures of model and adapter, by the commands that measure."""
    folder = tmp_path_factory.mktemp("measured")
    tested = folder / "tested.jsonl"
    tested.write_text("".join(t for t in cases.open() if json.loads(t)["part"] == Part.TEST))
    few = ("--model", run, "--cases", tested, "--setting", "family-practice", "--limit", 1)
    options = ("--evaluation", folder / "evaluation.json", "--bias", folder / "bias.json")
    code, said = call(assessment, "--model", "base", *few, "--json", options[1])
    assert code == 0, said
    code, said = call(bias, "--model", "floor", *few, "--attribute", "sex", "--json", options[3])
    assert code == 0, said
    return options


def test_two_persons_bring_every_decided_case_out_whole(scene, exported):
    folder = scene.clinic.exports.folder_of(exported)
    assert (exported.state, exported.rows, exported.subjects) == (State.DONE, PATIENTS, PATIENTS)
    assert check_export(folder, scene.recorder.vault.keys.public_keys()) == ()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [a["declared"] for a in manifest["approvals"]] == ["ordered", "no-actual-knowledge"]


def test_the_clinics_share_of_the_set_is_what_its_clinicians_left(data):
    folder, manifest = data
    assert manifest["left_out"] == []
    assert manifest["files"]["train.jsonl"]["sources"].keys() == {"clinic", "synthetic"}
    told = [line.completion for line in read_data(folder).train]
    assert any("call 911 now" in completion for completion in told)


def test_an_adapter_that_learned_nothing_is_held_back_and_what_serves_is_unchanged(call, run, measured):
    assert call(model, "add", run, "--id", "clinic-1", *measured)[0] == 0
    code, said = call(model, "promote", "clinic-1", "--reason", "tuned on what was decided")
    assert code == 1
    assert "FAILED" in said
    assert "What serves is unchanged" in said
    assert "No adapter serves" in call(model, "list")[1]


def test_with_figures_that_pass_it_serves_and_goes_back(call, run, tmp_path):
    """The figures are made up: what a model of two layers writes passes no gate."""
    options, identity = [], identity_of(run / "adapter")
    for name, made in (("evaluation", adapters.evaluation), ("bias", adapters.bias)):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(made(("base", None, {}), ("run", identity, {}))))
        options += [f"--{name}", file]
    assert call(model, "add", run, "--id", "clinic-2", *options)[0] == 0
    code, said = call(model, "promote", "clinic-2", "--reason", "better words")
    assert code == 0, said
    assert "serves  clinic-2" in call(model, "list")[1]
    assert "The model alone serves again" in call(model, "rollback", "--reason", "worse after all")[1]
    assert "No adapter serves" in call(model, "list")[1]


def test_every_command_of_the_how_to_is_whole():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "improve-the-model.md").read_text(encoding="utf-8")
    typed = re.findall(r"^cds-service (.+)$", page.replace("\\\n", ""), re.MULTILINE)
    assert len(typed) > 10
    for words in (shlex.split(line, comments=True) for line in typed):
        command = main
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        options = {name for part in command.params for name in (*part.opts, *part.secondary_opts)}
        needed = {part.opts[0] for part in command.params if part.required and isinstance(part, click.Option)}
        given = {word for word in words if word.startswith("--")}
        assert (given - options, needed - given) == (set(), set()), command.name
