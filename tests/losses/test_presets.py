"""Presets against plain re-computations of what each source's code does (LOSSES.md section 3), and the printed forms against the letter."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from salquest.cli.listing import list_entries
from salquest.losses import AS_PRINTED, PRESETS, Objective, Targets, parse
from salquest.losses.maps import as_density

SIZE = (12, 16)
CELLS = SIZE[0] * SIZE[1]


def scene() -> tuple[torch.Tensor, Targets]:
    """A raw map, a density with empty cells, and fixations of which some share a cell."""
    draw = np.random.default_rng(5)
    raw = torch.from_numpy(draw.normal(-0.5, 1.0, (1, *SIZE)))
    saliency = torch.from_numpy(np.clip(draw.normal(0, 0.4, (1, *SIZE)), 0, None))
    counts = torch.from_numpy(draw.multinomial(40, [1 / CELLS] * CELLS).reshape(1, *SIZE).astype(np.float64))
    return raw, Targets(as_density(saliency), counts, torch.from_numpy(draw.uniform(0.05, 0.5, SIZE)))


RAW, TARGETS = scene()
S, Q, C = (maps[0].numpy() for maps in (TARGETS.saliency, TARGETS.density, TARGETS.counts))
F = C > 0  # the binary map that released codes read
B = TARGETS.prior.numpy()
RELU, SIGMOID = RAW[0].clamp_min(0).numpy(), RAW[0].sigmoid().numpy()
LOG_SOFTMAX = RAW[0].numpy() - np.logaddexp.reduce(RAW[0].numpy(), axis=None)


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def nss(values: np.ndarray, ddof: int, eps: float = 0.0) -> float:
    return float(((values - values.mean()) / (values.std(ddof=ddof) + eps))[F].mean())


def sam() -> float:
    p = RELU / RELU.max()
    shares, wanted = p / (p.sum() + 1e-7), S / (S.sum() + 1e-7)
    return 10 * float((wanted * np.log(wanted / (shares + 1e-7) + 1e-7)).sum()) - 2 * pearson(p, S) - nss(p, 0, 1e-7)


def salgan() -> float:
    p, wanted = (maps.reshape(3, 4, 4, 4).mean(axis=(1, 3)) for maps in (SIGMOID, S))
    return float(-(wanted * np.log(p) + (1 - wanted) * np.log(1 - p)).mean())


def emlnet() -> float:
    shares = SIGMOID / SIGMOID.sum()
    divergence = (Q * np.log(Q / (shares + 1e-6) + 1e-6)).sum()
    released = divergence + (1 - pearson(SIGMOID, S)) + nss(F.astype(float), 1) - nss(SIGMOID, 1)
    return float(released) - 1 - nss(F.astype(float), 1)  # but for the constants of the note


def unisal() -> float:
    divergence = np.where(Q > 0, Q * (np.log(np.where(Q > 0, Q, 1)) - LOG_SOFTMAX), 0).sum()
    return float(divergence) - 0.1 * nss(np.exp(LOG_SOFTMAX), 1) - 0.1 * pearson(np.exp(LOG_SOFTMAX), Q)


def transalnet() -> float:
    eps = 2.2204e-16
    divergence = (Q * np.log(Q / (SIGMOID / SIGMOID.sum() + eps) + eps)).sum()
    stretched = [(maps - maps.min()) / (maps.max() - maps.min()) for maps in (SIGMOID, Q)]
    similarity = np.minimum(*(maps / maps.sum() for maps in stretched)).sum()
    return float(10 * divergence - 2 * pearson(SIGMOID, Q) - similarity) - nss(SIGMOID, 1)


def deepgaze() -> float:
    released = -((LOG_SOFTMAX * C).sum() / C.sum() + math.log(CELLS)) / math.log(2)
    return float(released) + math.log2(CELLS)  # but for the constant of the note


RELEASED = {
    "sam": sam,
    "ml-net": lambda: float(((RELU / RELU.max() - S) ** 2 / (1.1 - S)).mean()),
    "salgan": salgan,
    "pdp": lambda: -math.log(np.sqrt(Q * np.exp(LOG_SOFTMAX)).sum()),
    "emlnet": emlnet,
    "unisal": unisal,
    "transalnet": transalnet,
    "deepgaze": deepgaze,
}


def value_of(name: str) -> float:
    preset = PRESETS[name]
    parts = Objective(parse(name), preset.activation)(RAW, TARGETS)
    return sum(part.item() for part in parts.values())


@pytest.mark.parametrize("name", RELEASED)
def test_a_preset_has_the_value_of_its_source_s_code(name):
    # the guard in the deviation moves NSS and CC by 1e-8 of themselves for these maps, 3e-8 with CC's weight of 2
    assert value_of(name) == pytest.approx(RELEASED[name](), abs=1e-7)


LETTER = {
    "kld": lambda: float((SIGMOID * np.log(1e-7 + SIGMOID / (S + 1e-7))).sum()),
    "bhat": lambda: float(np.sqrt(S * SIGMOID).sum()),
    "bce": lambda: float(-(S * np.log(SIGMOID) + (1 - S) * np.log(1 - SIGMOID)).sum()),
    "wbce": lambda: float(-(0.9 * S * np.log(SIGMOID) + 0.1 * (1 - S) * np.log(1 - SIGMOID)).sum()),
    "focal": lambda: float(-((1 - SIGMOID**2) * S * np.log(SIGMOID) + SIGMOID**2 * (1 - S) * np.log(1 - SIGMOID)).sum()),
    "nll": lambda: float(-(C * np.log(1e-7 + SIGMOID)).sum() / C.sum()),
    "nss": lambda: float(-((SIGMOID - SIGMOID.mean()) / SIGMOID.std() * C).sum() / CELLS),
    "r": lambda: float((0.1 * (SIGMOID - B) ** 2).sum()),
}


@pytest.mark.parametrize("name", AS_PRINTED)
def test_a_printed_form_follows_the_letter_of_its_equation(name):
    assert value_of(f"bruckert-as-printed-{name}") == pytest.approx(LETTER[name](), rel=1e-7)


def test_all_that_has_a_preset_is_held_against_its_source():
    combinations = {"lc1", "lc1r", "lc2", "lc2r"}  # sums of meant forms, which have their own values
    printed = {f"bruckert-as-printed-{name}" for name in LETTER}
    assert PRESETS.keys() == RELEASED.keys() | printed | combinations


def test_the_linear_combinations_read_as_section_3_2_6():
    assert {name: str(parse(name)) for name in ("lc1", "lc1r", "lc2", "lc2r")} == {
        "lc1": "10*kld - 2*cc - nss",
        "lc1r": "10*kld - 2*cc - nss + r",
        "lc2": "10*kld - 2*cc + df + gm - nss + sigmse",
        "lc2r": "10*kld - 2*cc + df + gm - nss + r + sigmse",
    }


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_can_be_had_from_the_activation_that_it_names(name):
    Objective(parse(name), PRESETS[name].activation, features=lambda *_: lambda maps: [maps[:, None]])


def test_list_losses_shows_what_a_preset_stands_for(capsys):
    list_entries("losses", json=True)
    told = json.loads(capsys.readouterr().out)
    assert {entry["what"] for entry in told.values() if entry["family"] == "preset"} == {preset.expression for preset in PRESETS.values()}
