"""What every loss of the catalogue must do; a new one inherits these by standing in LOSSES."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
import torch

from salquest.gaze import Fixations, fixation_density
from salquest.losses import LOSSES, PRESETS, Objective, Targets, parse
from salquest.losses.objective import ACTIVATIONS

SIZE = (6, 8)
# forms of losses besides their defaults: as printed, as released, with arguments at their ends
VARIANTS = [
    *PRESETS,
    "mlnet(maxnorm=true)",
    "sigmse(lambda=0.25)",
    "kld(order='printed')",
    "bhat(form='1-bc')",
    "bce(downsample=2)",
    "bce(reduce='sum')",
    "wbce(w=0)",
    "wbce(w=1)",
    "focal(gamma=0)",
    "focal(form='lin')",
    "-nss(ddof=1, distinct=true)",
    "-sim(form='minmax')",
    "-cc(eps=1e-07)",
]


def to_be_lowered(name: str) -> str:
    """The loss as an expression whose sign agrees with its direction."""
    return {"up": "-", "down": ""}[LOSSES[name].direction] + name


def pairings(texts: list[str]) -> list[tuple[str, str]]:
    """Each expression with each activation that all its terms can be had from."""
    found = []
    for text in texts:
        possible = [set(ACTIVATIONS[LOSSES[term.name].prediction]) for term in parse(text).terms]
        found += [(text, activation) for activation in sorted(set.intersection(*possible))]
    return found


PAIRINGS = pairings([to_be_lowered(name) for name in sorted(LOSSES)])
ALL_PAIRINGS = PAIRINGS + pairings(VARIANTS)


def features(encoder: str, weights: str, stages: str, input_: str):
    """An image network small enough for gradcheck: two smooth stages of two and three channels."""

    def see(maps: torch.Tensor) -> list[torch.Tensor]:
        first = torch.stack([maps, maps.square()], dim=1)
        halves = torch.nn.functional.avg_pool2d(first, 2)
        return [first, torch.cat([halves, halves.prod(dim=1, keepdim=True)], dim=1).tanh()]

    return see


def objective(text: str, activation: str) -> Objective:
    return Objective(parse(text), activation, features=features)


def gaze_like(pictures: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, Targets]:
    draw = np.random.default_rng(11)
    looked = [Fixations(draw.uniform(0, SIZE[1] - 1, 9), draw.uniform(0, SIZE[0] - 1, 9), SIZE) for _ in range(pictures)]
    density = np.stack([fixation_density(fixations, sigma_px=1.5) for fixations in looked])
    counts = np.stack([fixations.count_map() for fixations in looked])
    prior = draw.uniform(0.1, 0.6, SIZE)
    elsewhere = draw.integers(0, 3, (pictures, *SIZE)).astype(np.float64)
    raw = draw.normal(size=(pictures, *SIZE))
    teacher = density  # a teacher that knows: what a loss does with one is what it does with the observed density
    forms = [torch.from_numpy(maps).to(dtype) for maps in (density, counts, prior, elsewhere, teacher)]
    return torch.from_numpy(raw).to(dtype), Targets(*forms)


def lowered(text: str, activation: str, raw: torch.Tensor, targets: Targets) -> torch.Tensor:
    return torch.stack(list(objective(text, activation)(raw, targets).values())).sum(dim=0)


@pytest.mark.parametrize(("text", "activation"), ALL_PAIRINGS)
def test_a_loss_does_not_mix_the_pictures_of_a_batch(text, activation):
    raw, targets = gaze_like(3)
    together = lowered(text, activation, raw, targets)
    alone = [
        lowered(
            text,
            activation,
            raw[i : i + 1],
            Targets(
                targets.density[i : i + 1],
                targets.counts[i : i + 1],
                targets.prior,
                targets.elsewhere[i : i + 1],
                targets.teacher[i : i + 1],
            ),
        )
        for i in range(len(raw))
    ]
    torch.testing.assert_close(together, torch.cat(alone))


@pytest.mark.parametrize(("text", "activation"), ALL_PAIRINGS)
def test_a_loss_has_the_gradient_of_its_value(text, activation):
    raw, targets = gaze_like(2)
    raw = raw + 0.05 * raw.sign()  # away from the corner of the ReLU, where there is no derivative to compare with
    # emd's gradient is that of the converged divergence; its iterations converge where the entropy is strong
    made = objective({"emd": "emd(eps=2)"}.get(text, text), activation)
    assert torch.autograd.gradcheck(lambda z: tuple(made(z, targets).values()), raw.requires_grad_())


@pytest.mark.parametrize("name", sorted(name for name, card in LOSSES.items() if card.against != "prior"))
def test_a_loss_falls_on_the_straight_way_from_a_constant_map_to_the_observed_one(name):
    _, targets = gaze_like(2)
    path = [(1 - share) * 0.3 + share * (0.9 * targets.saliency + 0.05) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    values = torch.stack([lowered(to_be_lowered(name), "sigmoid", torch.logit(values), targets) for values in path])
    # focal's least value lies between the constant map and the observed one; to the ranking losses, which read logits, the fixations that
    # the observed density has at its edge weigh more and more as the contrast grows
    steps = {"focal": 3, "auc": 3, "sauc": 3}.get(name, 4)
    assert (values.diff(dim=0)[:steps] < 0).all()


HARD_MAPS = {
    "zeros": lambda raw: torch.zeros_like(raw),
    "ones": lambda raw: torch.ones_like(raw),
    "constant": lambda raw: torch.full_like(raw, 0.1),
    "far below nought": lambda raw: torch.full_like(raw, -300.0),
    "far above": lambda raw: torch.full_like(raw, 300.0),
    "one bright pixel": lambda raw: torch.full_like(raw, -80.0).index_put(
        (torch.tensor(0), torch.tensor(0), torch.tensor(0)), torch.tensor(80.0)
    ),
    "almost constant": lambda raw: 1 + 1e-6 * raw,
}


@pytest.mark.parametrize("what", HARD_MAPS)
@pytest.mark.parametrize(("text", "activation"), ALL_PAIRINGS)
def test_value_and_gradient_are_finite_on_hard_maps(text, activation, what):
    raw, targets = gaze_like(2, torch.float32)
    hard = HARD_MAPS[what](raw).requires_grad_()
    value = lowered(text, activation, hard, targets)
    (gradient,) = torch.autograd.grad(value.sum(), hard)
    assert value.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_value_and_gradient_are_finite_where_the_map_itself_is_empty_or_full(name, level):
    # what an activation rarely answers exactly, handed to the function itself
    _, targets = gaze_like(2, torch.float32)
    card = LOSSES[name]
    values = torch.full_like(targets.density, level).requires_grad_()
    handed = [targets.form(form) for form in (card.against, *card.also)] + [features] * card.features
    found = card.compute(values, *handed)
    (gradient,) = torch.autograd.grad(found.sum(), values)
    assert found.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize(("text", "activation"), ALL_PAIRINGS)
def test_value_and_gradient_are_finite_without_any_gaze(text, activation):
    raw, targets = gaze_like(2, torch.float32)
    nobody = Targets(
        *(torch.zeros_like(maps) for maps in (targets.density, targets.counts, targets.prior, targets.elsewhere, targets.teacher))
    )
    value = lowered(text, activation, raw.requires_grad_(), nobody)
    (gradient,) = torch.autograd.grad(value.sum(), raw)
    assert value.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("text", "activation"), ALL_PAIRINGS)
def test_a_half_precision_map_is_computed_in_float32(text, activation, dtype):
    raw, targets = gaze_like(2, torch.float32)
    found = lowered(text, activation, raw.to(dtype), targets)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, lowered(text, activation, raw.to(dtype).float(), targets), rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_leaves_its_inputs_as_they_are(name):
    raw, targets = gaze_like(2)
    before = (raw.clone(), targets.density.clone(), targets.counts.clone())
    lowered(to_be_lowered(name), "sigmoid", raw, targets)
    torch.testing.assert_close((raw, targets.density, targets.counts), before, rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_stays_within_the_range_of_its_card(name):
    low, _, high = LOSSES[name].range.removesuffix(" nats").removesuffix(" bins").partition("..")
    raw, targets = gaze_like(8)
    bounds = {"any": -math.inf, "entropy of the target": 0.0}
    least, greatest = bounds[low] if low in bounds else float(low), float(high or "inf")
    values = lowered(to_be_lowered(name), "sigmoid", 5 * raw, targets) * {"up": -1, "down": 1}[LOSSES[name].direction]
    assert least <= values.min().item() <= values.max().item() <= greatest


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_can_be_written_by_its_name(name):
    assert str(parse(to_be_lowered(name))) == to_be_lowered(name)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_an_expression_can_set_every_argument_of_a_loss(name):
    options = [p for p in inspect.signature(LOSSES[name].compute).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert all(isinstance(option.default, (float, int, str, bool)) for option in options)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_says_what_it_is_and_whom_it_cites(name):
    card = LOSSES[name]
    assert min(len(card.title), len(card.source), len(card.compute.__doc__ or "")) > 3
