"""docs/losses.md is true: its formulas give our values, its Python and its commands run, its numbers are those that the tool left."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from salquest.cli import main
from salquest.datasets import load_dataset
from salquest.losses import AS_PRINTED, LOSSES, PRESETS, Objective, Targets, parse
from salquest.runs import RunFolder

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "losses.md").read_text(encoding="utf-8")
RESULTS = (DOCS / "results" / "losses-as-printed.md").read_text(encoding="utf-8")
FIRST, FILE, OWN = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = [line.removeprefix("$ ").split("  #")[0].strip() for line in PAGE.splitlines() if line.startswith("$ salquest ")]


def rows(heading: str, text: str = PAGE) -> list[list[str]]:
    """Cells of the last table of a section, without its head."""
    section = re.split(r"\n##+ ", text.split(f"## {heading}\n")[1])[0]
    table = section.strip().split("\n\n")
    lines = [block for block in table if block.startswith("|")][-1].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


CATALOGUE = {row[0].strip("`"): row[1:] for row in rows("The catalogue")}
FORMULAS = {name: row[0].strip("`") for name, row in CATALOGUE.items() if row[0].startswith("`")}


def names_of_formulas() -> dict:
    """Two maps and what stands in formulas, in numpy."""
    draw = np.random.default_rng(3)
    raw = draw.normal(-1, 1, (9, 12))
    saliency = draw.random((9, 12)) ** 3
    counts, prior = draw.multinomial(40, np.full(108, 1 / 108)).reshape(9, 12), draw.uniform(0.05, 0.5, (9, 12))
    p = 1 / (1 + np.exp(-raw))
    return {
        **{name: getattr(np, name) for name in ("abs", "exp", "log", "log2", "mean", "minimum", "sqrt", "sum")},
        "z": lambda m: (m - m.mean()) / m.std(),
        "raw": raw,
        "p": p,
        "P": p / p.sum(),
        "S": saliency / saliency.max(),
        "q": saliency / saliency.sum(),
        "c": counts,
        "n": counts.sum(),
        "B": prior,
        "T": draw.dirichlet(np.ones(108)).reshape(9, 12),
    }


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_of_the_page_gives_the_value_of_the_loss(name: str) -> None:
    here = names_of_formulas()
    raw, *forms, prior = (torch.from_numpy(np.asarray(here[key], dtype=np.float64))[None] for key in ("raw", "q", "c", "T", "B"))
    targets = Targets(*forms[:2], prior=prior[0], teacher=forms[2])
    sign = -1 if LOSSES[name].direction == "up" else 1
    ours = Objective(parse(name if sign > 0 else f"-{name}"), "sigmoid")(raw, targets)[name].item()
    assert sign * ours == pytest.approx(eval(FORMULAS[name], here), rel=1e-5)


def test_the_catalogue_of_the_page_is_that_of_the_package() -> None:
    assert list(CATALOGUE) == list(LOSSES)
    assert len(FORMULAS) >= len(LOSSES) - 5
    for name, card in LOSSES.items():
        against = ", ".join((card.against, *card.also, *(("features",) if card.features else ())))
        assert CATALOGUE[name][1:] == [card.direction, card.prediction, against, card.source], name


def test_every_argument_that_the_page_offers_for_the_letter_is_one() -> None:
    offered = {text for row in rows("As printed and as meant") for text in re.findall(r"`([^`]+)`", row[4])}
    known = set(AS_PRINTED.values()) | {
        "mlnet(maxnorm=true)",
        "kld(order='printed')",
        "focal(form='printed')",
        "reduce='sum'",
        "wbce(w=0.5)",
        "df(encoder='vgg16')",
        "-cc",
        "-nss",
    }
    known |= {text.removeprefix("-") for text in AS_PRINTED.values()} | set(PRESETS)
    assert offered <= known
    assert {"kld(norm=false, order='printed')", "bhat(form='printed')", "nll(norm=false)"} <= offered
    for text in offered - {"reduce='sum'", "nss(divisor='pixels')"}:
        parse(text)


def test_every_preset_is_named() -> None:
    (line,) = re.findall(r"\*\*Presets\*\* are names of sums: (.*?), and\n", PAGE, flags=re.DOTALL)
    assert re.findall(r"`([^`]+)`", line) == [name for name in PRESETS if not name.startswith("bruckert-as-printed")]


def test_what_the_page_says_of_the_runs_stands_in_their_table() -> None:
    # each bullet below "What the wrong form does in training", against the numbers that the tool left
    measured = {row[1].strip("`"): (row[2], row[4]) for row in rows("Losses to the letter", "#" + RESULTS)}
    sums = "10*kld - 2*cc - nss + {}"
    floor = float(re.findall(r"the centre bias has (0\.\d+)", RESULTS)[0])

    def cc(loss: str) -> tuple[float, float]:
        """CC at one rate, and with steps matched."""
        return tuple(float(cell.split()[0]) for cell in measured[loss])  # type: ignore[return-value]

    unscaled = ("kld(norm=false, order='printed')", "nll(norm=false)")
    for loss in (*unscaled, "bce(reduce='sum')", sums.format("r(reduce='sum')")):
        assert "flat" in measured[loss][0] or measured[loss][0] == "not a number", loss
    assert measured["bce(reduce='sum')"][1] == measured["bce"][1]
    assert cc(sums.format("r(reduce='sum')"))[1] == pytest.approx(cc(sums.format("r"))[1], abs=0.005)
    assert max(cc(loss)[1] for loss in unscaled) < floor
    assert max(cc("bhat(form='printed')")) <= 0
    assert all(0.03 <= lost <= 0.05 for lost in np.round(np.subtract(cc("kld"), cc("kld(order='printed')")), 2))
    assert cc("-nss(divisor='pixels')")[0] > cc("-nss")[0]
    assert cc("-nss(divisor='pixels')")[1] == pytest.approx(cc("-nss")[1], abs=0.005)
    assert all(np.greater_equal(cc("focal(form='printed')"), cc("focal")))
    assert max(cc("mlnet(maxnorm=true)")) < floor


def test_the_figure_is_there_and_small() -> None:
    assert (DOCS / "images" / "losses-as-printed.png").stat().st_size < 300_000


@pytest.mark.parametrize("command", [command for command in COMMANDS if " --loss " in command and "--losses" not in command])
def test_sums_on_the_page_can_be_read(command: str) -> None:
    words = shlex.split(command)
    parse(words[words.index("--loss") + 1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that holds the page's file of losses."""
    monkeypatch.chdir(tmp_path)
    Path("my_losses.py").write_text(FILE)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(before)


def test_the_pages_python_runs_in_order(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict = {}
    for code in (FIRST, OWN):
        exec(compile(code, "docs/losses.md", "exec"), names)
    assert capsys.readouterr().out == "10*kld - 2*cc - nss\n"
    assert names["raw"].grad.isfinite().all()
    assert list(names["parts"]) == ["root_mse(power=0.25)", "cc", "inside"]
    assert all(values.shape == (2,) for values in names["parts"].values())
    assert names["plan"].resolved().loss == "-inside + root_mse"


def test_the_pages_losses_have_right_gradients_and_stand_every_balance(home: Path) -> None:
    names: dict = {}
    exec(compile(FIRST, "docs/losses.md", "exec"), names)
    exec(compile(OWN, "docs/losses.md", "exec"), names)
    raw = torch.randn(1, 5, 6, dtype=torch.float64, requires_grad=True)
    density = torch.rand(1, 5, 6, dtype=torch.float64)
    looked = Targets(density / density.sum(), torch.ones(1, 5, 6, dtype=torch.float64))
    assert torch.autograd.gradcheck(lambda z: sum(names["mine"](z, looked).values()), (raw,))
    assert all((gap >= 0).all() for gap in names["mine"].gaps(raw, looked).values())


def test_the_pages_command_trains_with_them(home: Path) -> None:
    (command,) = [command for command in COMMANDS if "--losses" in command and " --loss " in command]
    parts = zip(load_dataset("osie-mini").keys, ["train"] * 4 + ["val"] * 2 + ["test"], strict=False)
    Path("parts.csv").write_text("\n".join(["image,split", *(f"{key},{part}" for key, part in parts), ""]))
    small = "--split parts.csv --height 48 --width 64 --epochs 1 --batch 4 --set map_size=12,16 --device cpu --cache features"
    with pytest.raises(SystemExit) as left:
        main([*shlex.split(command)[1:], *small.split()])
    assert not left.value.code
    assert RunFolder(Path("runs/mine")).read().plan["loss"] == "2*root_mse(power=0.25) - inside"
