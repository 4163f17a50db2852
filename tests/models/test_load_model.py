"""Names and folders that become a model, and the shortest way to a map."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.models import Uniform, load_model
from salquest.models.default import predict

PICTURE = np.zeros((4, 5, 3), np.uint8)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(
        UnknownName, match=r"no model or run folder is called 'unifrm' \(did you mean 'uniform'\?\); there are: aws-like, bruckert"
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


def test_predict_without_a_model_says_on_stderr_which_it_takes(capsys):
    found = predict(PICTURE)
    assert found.size == (4, 5)
    assert capsys.readouterr().err.startswith("salquest: no trained model ships yet; the default is centre-bias")


@pytest.mark.parametrize("model", ["uniform", Uniform()], ids=["name", "model"])
def test_predict_takes_a_name_or_a_model_and_says_nothing(model, capsys):
    assert np.unique(predict(PICTURE, model).values).tolist() == [np.float32(1 / 20)]
    assert capsys.readouterr().err == ""
