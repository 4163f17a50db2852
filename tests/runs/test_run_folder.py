"""The record of a run: written, read back, refused; and the identity of a plan."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salquest.errors import BrokenFile, DataNotFound
from salquest.runs import SCHEMA, RunFolder, RunRecord, identity, versions

plans = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def test_a_record_is_read_back_equal(folder):
    record = RunRecord(
        plan={"loss": "kld", "epochs": 3, "lr": 1e-4},
        identity="abc",
        status="failed",
        reason="NaN in kld",
        split={"train": ["1.jpg"], "origin": "seed 0"},
        best_epoch=2,
        scores={"nss": 1.5},
    )
    folder.write(record)
    assert folder.read() == record


def test_a_run_begins_with_its_record(folder):
    assert not folder.exists()
    folder.write(RunRecord(plan={}, identity="abc"))
    assert folder.exists()


def test_a_folder_without_a_record_is_no_run(folder):
    with pytest.raises(DataNotFound, match=r"run is no run folder: it has no run.json; a run folder is what `salquest train --out` writes"):
        folder.read()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '"text"', "{}", '{"schema": "1", "plan": {}, "identity": "a"}', '{"schema": 1}', '{"schema": null}', "\xff"],
)
def test_a_file_that_is_no_record_is_refused(content, folder):
    folder.root.mkdir()
    folder.record_path.write_bytes(content.encode("latin-1"))
    with pytest.raises(BrokenFile, match=r"run.json is not a run's record"):
        folder.read()


def test_a_record_of_a_newer_salquest_is_refused(folder):
    folder.root.mkdir()
    folder.record_path.write_text(json.dumps({"schema": SCHEMA + 1, "plan": {}, "identity": "a"}))
    with pytest.raises(BrokenFile, match=f"has schema {SCHEMA + 1}; this salquest reads up to {SCHEMA}: install a newer one"):
        folder.read()


def test_what_a_later_version_added_within_the_schema_is_passed_over(folder):
    folder.root.mkdir()
    folder.record_path.write_text(json.dumps({"schema": SCHEMA, "plan": {}, "identity": "a", "mood": "good"}))
    assert folder.read() == RunRecord(plan={}, identity="a")


def shuffled(value: object, draw: random.Random) -> object:
    """The same plan with the keys of every mapping in another order."""
    kinds = {
        dict: lambda: {key: shuffled(value[key], draw) for key in draw.sample(list(value), len(value))},
        list: lambda: [shuffled(entry, draw) for entry in value],
    }
    return kinds.get(type(value), lambda: value)()


@given(st.dictionaries(st.text(), plans, max_size=5), st.randoms(use_true_random=False))
def test_the_identity_of_a_plan_does_not_depend_on_the_order_of_its_keys(plan, draw):
    assert identity(shuffled(plan, draw)) == identity(plan)


@given(st.dictionaries(st.text(), plans, max_size=5))
def test_the_identity_of_a_plan_survives_its_way_through_the_record(plan):
    assert identity(json.loads(json.dumps(plan))) == identity(plan)


@pytest.mark.parametrize("other", [{"loss": "kld", "seed": 1}, {"loss": "cc", "seed": 0}, {"loss": "kld"}, {"loss": "kld", "seed": "0"}])
def test_another_plan_has_another_identity(other):
    assert identity(other) != identity({"loss": "kld", "seed": 0})


def test_an_identity_is_the_same_today_as_when_this_was_written():
    # sha256 of {"loss":"kld","seed":0}: a change would disown all finished runs
    assert identity({"seed": 0, "loss": "kld"}) == "a01c72cfb968"


def test_versions_name_python_and_what_is_installed():
    found = versions("numpy", "no-such-package")
    assert set(found) == {"python", "platform", "numpy"}
