"""A search for weights tries what it says, on the pictures that it may see, and leaves files from which its result can be had again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

pytest.importorskip("optuna")

from salquest.datasets import DataSet, load_dataset
from salquest.errors import InputError, Refused, SalquestError, TrainingFailed, UnknownName
from salquest.losses import parse
from salquest.quest import Tuning, TuningRequest, TuningWatcher, tune, tuning
from salquest.quest.tuning_report import TunedTrial, gains, tuning_table
from salquest.runs import Columns, RunFolder
from salquest.training import TrainingPlan, Watcher

PLAN = TrainingPlan(loss="4*kld - 2*cc", size=(48, 64), map_size=(12, 16), epochs=1, batch=4)
REQUEST = TuningRequest(plan=PLAN, metrics=("cc",), lr_span=2.0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    """The small set as it is read, with the test pictures gone when anybody opens them."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    shutil.copytree(tiny_set, folder)
    found = load_dataset("tiny", folder)
    for key in found.parts["test"]:
        (folder / "stimuli" / key).unlink()
    return found


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def done(data: DataSet, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    """Three trials of which the second learns nothing: its loss is no number."""
    real = tuning.train

    def train(plan: TrainingPlan, *rest: object, **named: object) -> object:
        if Path(str(rest[2])).name == "0001":
            raise_failure(plan, *rest, **named)
        return real(plan, *rest, **named)  # type: ignore[arg-type]

    def raise_failure(plan: TrainingPlan, *rest: object, **named: object) -> None:
        wild = msgspec.structs.replace(plan, optimizer="sgd", lr=1e30, activation="relu", decoder={})
        with pytest.raises(TrainingFailed) as failure:
            real(wild, *rest, **named)  # type: ignore[arg-type]
        raise failure.value

    tuning.train = train  # type: ignore[assignment]
    try:
        return tune(REQUEST, data, "auto", tmp_path_factory.mktemp("searches") / "s", trials=3, device="cpu", cache=cache)
    finally:
        tuning.train = real


def test_the_first_trial_is_the_given_expression_and_the_first_term_keeps_its_weight(done: Tuning) -> None:
    first, *others = done.trials
    assert (first.number, first.loss, first.lr, first.searched) == (0, "4*kld - 2*cc", 1e-3, {"cc": 2.0, "lr": 1e-3})
    assert first == done.given
    for trial in others:
        assert {term.label for term in parse(trial.loss).terms} == {"kld", "cc"}
        assert "4*kld" in trial.loss
        assert 0.2 <= trial.searched["cc"] <= 20
        assert 5e-4 <= trial.lr <= 2e-3


def test_what_is_printed_is_what_was_trained(done: Tuning) -> None:
    for trial in done.trials:
        plan = RunFolder(done.folder(trial)).read().plan
        if trial.status != "failed":
            assert (plan["loss"], plan["lr"]) == (trial.loss, trial.lr)
            assert f"{trial.searched['cc']:g}*cc" in trial.loss


def test_the_test_part_is_no_part_of_any_run(done: Tuning, data: DataSet) -> None:
    for trial in done.trials:
        record = RunFolder(done.folder(trial)).read()
        assert record.split["test"] == []
        assert not set(data.parts["test"]) & {*record.split["train"], *record.split["val"]}
        assert record.scores == {}


def test_a_failed_trial_is_told_with_its_reason_and_stops_nobody(done: Tuning) -> None:
    assert [trial.status for trial in done.trials] == ["finished", "failed", "finished"]
    assert "no finite number" in done.trials[1].reason
    assert 1 not in {trial.number for trial in done.best}


def test_the_scores_are_the_means_of_the_rows_of_the_validation_pictures(done: Tuning, data: DataSet) -> None:
    rows = Columns.load(done.folder(done.trials[0]) / "validation.csv")
    assert rows["image"] == list(data.parts["val"])
    assert done.trials[0].scores["cc"] == pytest.approx(sum(rows.numbers("cc")) / 2)


def test_the_files_say_what_was_tried_and_what_was_best(done: Tuning) -> None:
    rows = Columns.load(done.root / "trials.csv").rows()
    assert list(rows[0]) == ["number", "loss", "weight cc", "lr", "cc", "status", "seconds", "reason"]
    assert [row["status"] for row in rows] == ["finished", "failed", "finished"]
    document = json.loads((done.root / "tuning.json").read_text())
    best = max((row for row in rows if row["status"] == "finished"), key=lambda row: row["cc"])
    assert [entry["loss"] for entry in document["best"]] == [best["loss"]]
    assert document["versions"]["optuna"]
    assert (done.root / "tuning.png").read_bytes().startswith(b"\x89PNG")
    assert best["loss"] in (done.root / "report.html").read_text()


def test_the_same_request_repeats_nothing_and_goes_on_to_more_trials(done: Tuning, data: DataSet, cache: Path, tmp_path: Path) -> None:
    root = tmp_path / "s"
    shutil.copytree(done.root, root)
    began: list[int] = []
    counts: list[tuple[int, int]] = []

    def begin(number: int, plan: TrainingPlan) -> Watcher:
        began.append(number)
        return Watcher()

    watch = TuningWatcher(begin=begin, progress=lambda ended, total: counts.append((ended, total)))
    again = tune(REQUEST, data, "auto", root, trials=3, device="cpu", cache=cache, watch=watch)
    assert (began, again.trials) == ([], done.trials)
    more = tune(REQUEST, data, "auto", root, trials=4, device="cpu", cache=cache, watch=watch)
    assert (began, counts[-1]) == ([3], (4, 4))
    assert more.trials[:3] == done.trials


def test_a_trial_that_was_interrupted_goes_on_where_it_stopped(data: DataSet, cache: Path, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(row: object) -> None:
        raise Stopped

    request = replace(REQUEST, plan=msgspec.structs.replace(PLAN, epochs=2))
    with pytest.raises(Stopped):
        tune(
            request,
            data,
            "auto",
            tmp_path,
            trials=1,
            device="cpu",
            cache=cache,
            watch=TuningWatcher(begin=lambda n, p: Watcher(epoch=stop)),
        )
    epochs: list[int] = []
    watch = TuningWatcher(begin=lambda number, plan: Watcher(epoch=lambda row: epochs.append(row["epoch"])))
    (trial,) = tune(request, data, "auto", tmp_path, trials=1, device="cpu", cache=cache, watch=watch).trials
    assert epochs == [2]
    assert trial.status in ("finished", "collapsed")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"span": 5.0}, "span is 10.0 there and 5.0 here"),
        ({"metrics": ("cc", "nss")}, r'metrics is \["cc"\] there and \["cc", "nss"\] here'),
        ({"plan": msgspec.structs.replace(PLAN, loss="4*kld - cc")}, r'loss is "4\*kld - 2\*cc" there and "4\*kld - cc" here'),
        ({"plan": msgspec.structs.replace(PLAN, epochs=3, lr=0.1)}, r"encoder_lr is .* epochs is 1 there and 3 here, lr is"),
    ],
)
def test_another_request_is_refused_in_the_same_folder(change: dict[str, object], sentence: str, done: Tuning, data: DataSet) -> None:
    with pytest.raises(Refused, match=f"holds another search: .*{sentence}"):
        tune(replace(REQUEST, **change), data, "auto", done.root, trials=3, device="cpu")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"span": 1.0}, InputError, "a span is a factor.* above 1 .*; found span 1 and lr-span 2"),
        ({"lr_span": 0.5}, InputError, "found span 10 and lr-span 0.5"),
        ({"metrics": ("ncc",)}, UnknownName, "no metric is called 'ncc'"),
        ({"metrics": ("cc", "cc")}, InputError, "needs one metric, or several that differ; found cc, cc"),
        ({"metrics": ("fixation_kl",)}, InputError, "fixation_kl scores a whole set of pictures with one number"),
        ({"fixed": ("nss",)}, UnknownName, "no term of '4[*]kld - 2[*]cc' is called 'nss'"),
        ({"fixed": ("kld", "cc"), "lr_span": 1.0}, InputError, "nothing is left to search .* kld, cc are kept fixed"),
        ({"plan": msgspec.structs.replace(PLAN, loss="kld"), "lr_span": 1.0}, InputError, "nothing is left to search .* kld is kept fixed"),
        ({"plan": msgspec.structs.replace(PLAN, loss="10*kdl")}, UnknownName, "no loss is called 'kdl'"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_written(
    change: dict[str, object], error: type[SalquestError], sentence: str, data: DataSet, tmp_path: Path
) -> None:
    with pytest.raises(error, match=sentence):
        tune(replace(REQUEST, **change), data, "auto", tmp_path / "s", trials=1, device="cpu")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_no_trials_are_refused(data: DataSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one trial or more; found 0"):
        tune(REQUEST, data, "auto", tmp_path / "s", trials=0)


@pytest.mark.parametrize("loss", ["-30*cc + 10*kld(eps=1e-05) - nss", "kld", "0.1*mse + kld - 1e-06*nss", "kld + kld(eps=0.001) - cc"])
def test_terms_are_read_from_the_text_and_written_back(loss: str) -> None:
    request = TuningRequest(plan=msgspec.structs.replace(PLAN, loss=loss), fixed=(), lr_span=3.0)
    assert request.plan_for({name: bounds.given for name, bounds in request.ranges.items()}).loss == str(parse(loss))
    doubled = request.plan_for({name: 2 * bounds.given for name, bounds in request.ranges.items()})
    assert doubled.lr == 2 * PLAN.lr
    assert [term.label for term in parse(doubled.loss).terms] == [term.label for term in parse(loss).terms]


def test_weights_are_tried_with_four_digits_and_what_was_given_stays() -> None:
    request = TuningRequest(plan=msgspec.structs.replace(PLAN, loss="10*kld - 0.123456*cc - nss"))
    assert request.plan_for({"cc": 0.123456, "nss": 1 / 3}).loss == "10*kld - 0.3333*nss - 0.123456*cc"


def test_the_encoders_rate_follows_a_rate_that_is_searched() -> None:
    assert REQUEST.plan_for({"cc": 1.0, "lr": 5e-4}).encoder_lr == pytest.approx(5e-5)


def made(scores: list[tuple[float, float] | None], done: Tuning, metrics: tuple[str, ...]) -> Tuning:
    trials = tuple(
        TunedTrial(number, "kld", 0.1, {}, "collapsed" if pair is None else "finished", dict(zip(metrics, pair or (), strict=False)))
        for number, pair in enumerate(scores)
    )
    return Tuning(done.root, replace(REQUEST, metrics=metrics), trials, done.floor)


def test_the_front_holds_what_no_other_trial_beats(done: Tuning) -> None:
    scores = [(0.5, 1.0), (0.7, 1.2), (0.6, 0.8), None, (0.7, 1.2), (0.7, 1.3), (0.4, 0.7), (0.6, 0.9)]
    found = made(scores, done, ("cc", "kl"))  # more CC and less KL are better
    assert [trial.number for trial in found.best] == [1, 4, 2, 6]


def test_the_best_of_one_metric_follows_its_direction(done: Tuning) -> None:
    scores = [(0.5, 0.0), (0.7, 0.0), None, (0.2, 0.0)]
    assert [trial.number for trial in made(scores, done, ("cc",)).finished] == [1, 0, 3]
    assert [trial.number for trial in made(scores, done, ("kl",)).finished] == [3, 0, 1]


def test_the_gain_over_the_given_expression_is_paired(done: Tuning, tmp_path: Path) -> None:
    for number, values in enumerate([(0.1, 0.9), (0.2, 1.0)]):
        (tmp_path / "trials" / f"000{number}").mkdir(parents=True)
        Columns.of_rows([{"image": str(i), "cc": value} for i, value in enumerate(values)]).save(
            tmp_path / "trials" / f"000{number}" / "validation.csv"
        )
    found = replace(made([(0.5, 0.0), (0.6, 0.0)], done, ("cc",)), root=tmp_path)
    assert gains(found) == ["Trial 1 over the given expression, on the same 2 validation pictures: CC ↑ +0.100 (+0.100..+0.100)."]


def test_a_search_in_which_nothing_finished_still_has_a_table(done: Tuning, tmp_path: Path) -> None:
    found = replace(made([None, None], done, ("cc",)), root=tmp_path)
    assert (found.best, gains(found)) == ((), [])
    assert [row.kind for row in tuning_table(found).rows] == ["model", "floor"]


def test_nobody_loads_optuna_to_import_or_to_ask_for_help() -> None:
    code = (
        "import sys; import salquest, salquest.quest, salquest.quest.tuning_request; from salquest.cli import main\n"
        "try:\n    main(['tune', '--help'])\nexcept SystemExit:\n    assert 'optuna' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
