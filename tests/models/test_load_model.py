"""Names and folders that become a model, and the shortest way to a map."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.models import Uniform, load_model
from salquest.models.catalogue import DEFAULT
from salquest.models.default import predict
from salquest.models.fingerprint import fingerprint
from salquest.runs import RunFolder, RunRecord

PICTURE = np.zeros((4, 5, 3), np.uint8)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(
        UnknownName, match=r"no model or run folder is called 'unifrm' \(did you mean 'uniform'\?\); there are: aim, aws-like"
    ):
        load_model("unifrm")


def test_a_folder_without_a_run_says_what_a_run_folder_is(tmp_path):
    with pytest.raises(DataNotFound, match=r"is no run folder: it has no run.json; a run folder is what `salquest train --out` writes"):
        load_model(tmp_path)


def test_a_broken_record_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(BrokenFile, match=r"run.json is not a run's record"):
        load_model(tmp_path)


def test_a_network_by_name_has_to_be_trained():
    with pytest.raises(InputError, match=r"bruckert is a network without trained weights; train it"):
        load_model("bruckert")


def test_without_a_name_it_is_the_default():
    assert load_model().name == DEFAULT


def test_where_no_model_is_named_the_shipped_network_predicts(capsys):
    found = predict(PICTURE)
    assert found.size == (4, 5)
    np.testing.assert_array_equal(found.values, load_model("mobile").predict(PICTURE).values)
    assert capsys.readouterr().err == ""


def test_a_run_folder_has_the_runtime_torch_only(small_run):
    with pytest.raises(
        InputError, match=r"is a run folder, which runs by torch; `salquest export --model .* makes a file for the runtime onnx"
    ):
        load_model(small_run, runtime="onnx")


def test_an_onnx_file_has_the_runtime_onnx_only(small_file):
    with pytest.raises(InputError, match=r"small.onnx runs by ONNX Runtime only; for torch name the run folder"):
        load_model(small_file, runtime="torch")


def test_a_runtime_that_there_is_not_is_refused():
    with pytest.raises(InputError, match=r"a runtime is one of onnx, torch; found 'jax'"):
        load_model("uniform", runtime="jax")


def test_what_is_no_network_has_no_runtime():
    with pytest.raises(InputError, match=r"uniform is no network; it runs by itself, without a runtime"):
        load_model("uniform", runtime="onnx")


def test_a_file_of_another_kind_is_no_model(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"\x80")
    with pytest.raises(
        BrokenFile, match=r"weights.pth is no model: a model is a name, a run folder, the folder of a checkpoint, or an .onnx file"
    ):
        load_model(tmp_path / "weights.pth")


@pytest.mark.parametrize("model", ["uniform", Uniform()], ids=["name", "model"])
def test_predict_takes_a_name_or_a_model_and_says_nothing(model, capsys):
    assert np.unique(predict(PICTURE, model).values).tolist() == [np.float32(1 / 20)]
    assert capsys.readouterr().err == ""


def test_a_list_gives_a_list():
    assert [one.size for one in predict([PICTURE, PICTURE[:2]], "uniform")] == [(4, 5), (2, 5)]


def test_a_fingerprint_is_of_the_weights_wherever_they_lie(tmp_path):
    for name, weights in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        RunFolder(tmp_path / name).write(RunRecord(plan={}, identity="", network={"network": "light"}))
        (tmp_path / name / "weights.safetensors").write_bytes(weights)
    a, b, c = (fingerprint(tmp_path / name) for name in "abc")
    assert a == b != c


def test_a_fingerprint_of_a_name_changes_with_the_version(monkeypatch):
    monkeypatch.setattr("salquest.models.fingerprint.versions", lambda *_: {"salquest": "7.0"})
    assert fingerprint("uniform") == "uniform of salquest 7.0"
    with pytest.raises(UnknownName, match="no model or run folder is called 'unifrm'"):
        fingerprint("unifrm")


def test_a_run_without_weights_has_no_fingerprint(tmp_path):
    RunFolder(tmp_path).write(RunRecord(plan={}, identity=""))
    with pytest.raises(DataNotFound, match=r"has no weights.safetensors"):
        fingerprint(tmp_path)
