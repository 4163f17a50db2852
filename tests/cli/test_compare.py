"""`salquest compare` as a user calls it, and what `score` says of averages, 8 bits and pictures seen in training."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from PIL import Image

from salquest.datasets import DataSet, load_dataset
from salquest.datasets.duplicates import perceptual_hashes
from salquest.gaze import fixation_density
from salquest.models import Uniform
from salquest.models import catalogue as models


@pytest.fixture(scope="module")
def part() -> DataSet:
    data = load_dataset("osie-mini")
    return data.subset(data.parts["test"])


@pytest.fixture(scope="module")
def folders(part: DataSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of the same name: 8-bit maps of the first two observers, and float maps of the next eight; one picture is missing there."""
    root = tmp_path_factory.mktemp("maps")
    for who, observers in (("theirs", (1, 2)), ("ours", range(3, 11))):
        (root / who / "maps").mkdir(parents=True)
        for sample in part:
            fixations = sample.fixations
            assert fixations is not None
            shown = fixation_density(fixations[np.isin(fixations.observer, list(observers))], sigma_px=9.6)
            stem = root / who / "maps" / sample.stimulus.stem
            if who == "ours":
                np.save(stem.with_suffix(".npy"), shown.astype(np.float32))
            else:
                Image.fromarray(np.rint(shown / shown.max() * 255).astype(np.uint8)).save(stem.with_suffix(".png"))
    (root / "theirs" / "maps" / f"{Path(part.keys[4]).stem}.png").unlink()
    return root / "theirs" / "maps", root / "ours" / "maps"


def request(folders: tuple[Path, Path], *more: str | Path) -> tuple[str | Path, ...]:
    return ("compare", "--maps", folders[0], "--maps", folders[1], "--data", "osie-mini", "--part", "test", "--metrics", "nss,kl", *more)


def test_two_folders_are_compared_on_their_common_pictures(
    folders: tuple[Path, Path], part: DataSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*request(folders, "--csv", tmp_path / "pairs.csv", "--html", tmp_path / "page.html")) == 1
    told = capsys.readouterr()
    said = " ".join(told.out.split())
    assert "paired over 19 pictures" in said
    assert "convention exact" in said
    assert "critical difference 0.45" in said  # 1.960 sqrt(2 * 3 / (6 * 19))
    assert f"1 pictures were left out for all, because a model has no score for them: {part.keys[4]} (theirs/maps)" in told.err
    assert "maps have 8 bits" in told.err
    rows = list(csv.DictReader((tmp_path / "pairs.csv").read_text().splitlines()))
    assert [(row["metric"], row["better"]) for row in rows] == [("nss", "ours/maps"), ("kl", "ours/maps")]
    page = (tmp_path / "page.html").read_text()
    assert "differ most (NSS)" in page
    assert page.count("data:image/png") == 2


def test_json_is_one_document_and_nothing_else_on_stdout(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*request(folders, "--json", "--model", "uniform", "--floor", "0.5")) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["pictures"] == 19
    assert len(document["pairs"]) == 6
    assert document["ranks"]["nss"]["ranks"]["uniform"] == 3.0
    assert [row["name"] for row in document["table"]["rows"]] == [
        "theirs/maps",
        "ours/maps",
        "uniform",
        "centre bias (floor)",
        "other observers (ceiling)",
    ]
    assert "0.5 added to 8-bit maps" in document["table"]["caption"]


def test_the_same_seed_gives_the_same_numbers(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("1", "1", "2"):
        call(*request(folders, "--json", "--seed", seed, "--workers", "2"))
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("compare --data osie-mini --model uniform", "a comparison takes two or more: give --maps DIR or --model NAME"),
        ("compare --data osie-mini --model uniform --model uniform --metrics cc", "need different names; found uniform, uniform"),
        ("compare --data osie-mini --model uniform --model centre-bias --metrics ncc", "no metric is called 'ncc'"),
        ("compare --data osie-mini --model uniform --model centre-bias --convention mitt", "no convention is called 'mitt'"),
        ("compare --data osie-mini --model uniform --maps nowhere", "there is no folder of maps at nowhere"),
        ("score --data osie-mini --model uniform --average pixels", "Invalid value"),
        ("score --data osie-mini --model uniform --workers 0 --part test", "scoring takes at least one worker; found 0"),
        ("score --data osie-mini --model uniform --floor -1 --part test", "the floor of 8-bit maps is 0 or a positive number"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_status_2(
    words: str, sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*words.split()) == 2
    assert sentence in capsys.readouterr().err


def test_score_says_convention_average_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    words = "score --data osie-mini --part test --model centre-bias --metrics nss,ig,kl --convention pysaliency"
    assert call(*words.split()) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "convention pysaliency (NSS: pysaliency (repeats=True, ddof=0)" in said
    assert "means over fixations for NSS, IG, others over pictures" in said
    assert "IG in bit, KL in nat" in said


def test_pictures_that_a_model_was_trained_on_are_named(
    part: DataSet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Learnt(Uniform):
        """Uniform, but it says that it has seen two of the pictures, one under another name."""

        name = "learnt"
        trained_on = dict(zip(("other.jpg", part.keys[1]), perceptual_hashes(part.subset(part.keys[:2])).values(), strict=True))  # noqa: RUF012

    card = models.ModelCard(Learnt, "for this test", "-")
    monkeypatch.setattr(models, "MODELS", {**models.MODELS, "learnt": card})
    assert call("score", "--model", "learnt", "--model", "uniform", "--data", "osie-mini", "--part", "test", "--metrics", "cc") == 0
    told = capsys.readouterr()
    assert "2 pictures seen in training" in told.out
    assert f"learnt: warning: 2 of 20 pictures, or copies of them, stand in its training data: {part.keys[0]} (there other.jpg)" in told.err
    assert "uniform: warning" not in told.err
