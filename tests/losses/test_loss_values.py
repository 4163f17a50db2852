"""Losses against numbers: the reference values of LOSSES.md section 13, its identities (10) and its closed-form gradients (7.4)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from salquest.losses import Objective, Prediction, Targets, bce, cc, kld, mse, nss, parse
from salquest.losses.maps import as_density, standardised
from salquest.metrics import CountMap
from salquest.metrics import cc as metric_cc
from salquest.metrics import kl as metric_kl
from salquest.metrics import nss as metric_nss


def maps(rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor([rows], dtype=torch.float64)


# LOSSES.md section 13
S = maps([[0, 0.1, 0.2, 0], [0.3, 1, 0.6, 0.1], [0, 0.4, 0.2, 0]])
P = maps([[0.2, 0.1, 0.3, 0.1], [0.4, 0.8, 0.5, 0.2], [0.1, 0.6, 0.3, 0.4]])
F = maps([[0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
Z = torch.log(P / (1 - P))
N = 12
EPS64 = 2.0**-52

REFERENCE = {
    "mse": (mse(P, S), 0.0291666667),
    "bce mean": (bce(Z, S), 0.4155563147),
    "bce sum (eq 7)": (bce(Z, S) * N, 4.9866757759),
    "kld eps 1e-7": (kld(as_density(P), as_density(S)), 0.2707362486),
    "kld eps 2.2204e-16": (kld(as_density(P), as_density(S), eps=EPS64), 0.2707370928),
    "cc": (cc(P, as_density(S)), 0.8824430553),
    "nss": (nss(P, F), 1.1137801978),
    "nss eq 11 (divisor N)": (nss(P, F) * F.sum() / N, 0.2784450495),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_a_loss_has_its_reference_value(name):
    value, expected = REFERENCE[name]
    # the sheet has ten decimals; standardised maps add (1e-4 mean)^2 to the variance, 2e-8 of it here
    assert value.item() == pytest.approx(expected, abs=3e-8)


def test_lc1_has_its_reference_value():
    parts = Objective(parse(f"10*kld(eps={EPS64}) - 2*cc - nss"), "sigmoid")(Z, Targets(as_density(S), F))
    assert sum(part.item() for part in parts.values()) == pytest.approx(-0.1712953806, abs=1e-7)


def test_lc1_of_a_perfect_map_is_minus_two_minus_its_nss():
    density = as_density(S)
    total = 10 * kld(density, density, eps=EPS64) - 2 * cc(density, density) - nss(density, F)
    assert total.item() == pytest.approx(-2 - nss(S, F).item(), abs=1e-7)


def test_kld_of_three_quarters_against_a_half():
    found = kld(torch.tensor([[[0.5, 0.5]]]), torch.tensor([[[0.75, 0.25]]]))
    assert found.item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-5)


def test_bce_of_its_own_target_is_the_mean_entropy_with_no_gradient():
    soft = S.clamp(1e-9, 1 - 1e-9)
    logits = torch.log(soft / (1 - soft)).requires_grad_()
    value = bce(logits, soft)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    assert value.item() == pytest.approx(0.3006548692, abs=1e-7)
    torch.testing.assert_close(gradient, torch.zeros_like(S), rtol=0, atol=1e-15)


def test_cc_is_one_minus_half_the_mean_squared_distance_of_standard_scores():
    distance = (standardised(P) - standardised(S)).square().mean()
    assert cc(P, S).item() == pytest.approx(1 - 0.5 * distance.item(), abs=3e-8)


def test_cc_with_the_fixation_map_is_nss_rescaled():
    share = F.sum().item() / N
    assert cc(P, F).item() == pytest.approx(nss(P, F).item() * math.sqrt(share / (1 - share)), abs=3e-8)


def test_nss_counts_a_cell_as_often_as_it_was_looked_at():
    twice = F.clone()
    twice[0, 1, 1] = 3
    scores = standardised(P)
    assert nss(P, twice).item() == pytest.approx((3 * scores[0, 1, 1] + scores[0, 0, 2] + scores[0, 2, 1]).item() / 5, rel=1e-12)


positive_maps = st.lists(st.floats(0.01, 1), min_size=N, max_size=N).map(
    lambda values: torch.tensor(values, dtype=torch.float64).view(1, 3, 4)
)
uneven_maps = positive_maps.filter(lambda values: values.std() > 0.05)


@pytest.mark.parametrize("score", [lambda values: cc(values, S), lambda values: nss(values, F)], ids=["cc", "nss"])
@given(values=uneven_maps, scale=st.floats(0.5, 10), offset=st.floats(0, 1))
def test_a_score_does_not_see_scale_and_offset_of_the_map(score, values, scale, offset):
    # the variance's guard (1e-4 mean)^2 for a mean of 3 times the scale and a deviation of 0.05 of it: 4e-5, halved by the root
    torch.testing.assert_close(score(scale * values + offset), score(values), rtol=0, atol=1e-4)


@given(positive_maps, st.floats(0.01, 100))
def test_kld_does_not_see_the_scale_of_the_map(values, scale):
    torch.testing.assert_close(kld(as_density(scale * values), as_density(S)), kld(as_density(values), as_density(S)))


@given(positive_maps, positive_maps)
def test_kld_is_never_negative_beyond_its_eps(values, others):
    # eps enters log(eps + q / (p + eps)): the least value is about -eps * sum(q/p)
    assert kld(as_density(values), as_density(others)).item() > -1e-4


@given(uneven_maps, uneven_maps)
def test_cc_lies_between_minus_one_and_one(values, others):
    assert abs(cc(values, others).item()) <= 1 + 1e-12


@given(uneven_maps, positive_maps)
def test_the_loss_kld_is_the_metric_kl_of_the_same_eps(values, density):
    found = kld(as_density(values), as_density(density)).item()
    assert found == pytest.approx(metric_kl(values[0].numpy(), density[0].numpy(), eps=1e-7), abs=1e-12)


@given(uneven_maps, uneven_maps)
def test_the_loss_cc_is_the_metric_cc(values, density):
    # the loss adds (1e-4 mean)^2 to each variance: at most (1e-4 * 1 / 0.05)^2 of it here
    assert cc(values, density).item() == pytest.approx(metric_cc(values[0].numpy(), density[0].numpy()), rel=1e-5, abs=1e-9)


@given(uneven_maps, st.lists(st.integers(0, 3), min_size=N, max_size=N).filter(any))
def test_the_loss_nss_is_the_metric_nss(values, counts):
    looked = np.array(counts, dtype=np.float64).reshape(3, 4)
    found = nss(values, torch.from_numpy(looked)[None]).item()
    assert found == pytest.approx(metric_nss(values[0].numpy(), CountMap(looked)), rel=1e-5, abs=1e-9)


def gradient_of(function, at: torch.Tensor) -> torch.Tensor:
    point = at.clone().requires_grad_()
    (found,) = torch.autograd.grad(function(point).sum(), point)
    return found


def standard(values: torch.Tensor) -> torch.Tensor:
    return (values - values.mean()) / values.std(correction=0)


SD = P.std(correction=0)
TOTAL = P.sum()
Q = as_density(S)

# LOSSES.md 7.4, in the natural sign of each loss
CLOSED_FORMS = {
    "mse to values": (lambda p: mse(p, S), P, 2 * (P - S) / N),
    "mse to logits": (lambda z: mse(z.sigmoid(), S), Z, 2 * (P - S) * P * (1 - P) / N),
    "bce to logits": (lambda z: bce(z, S), Z, (P - S) / N),
    "kld to values": (lambda p: kld(as_density(p), Q, eps=EPS64), P, (1 - Q / as_density(P)) / TOTAL),
    "kld to logits of a softmax": (lambda z: kld(Prediction(z, "softmax").density, Q, eps=EPS64), Z, Prediction(Z, "softmax").density - Q),
    "cc to values": (lambda p: cc(p, S), P, (standard(S) - cc(P, S) * standard(P)) / (N * SD)),
    "nss to values": (lambda p: nss(p, F), P, ((F / F.sum() - 1 / N) - nss(P, F) * standard(P) / N) / SD),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_a_gradient_has_its_closed_form(name):
    function, at, expected = CLOSED_FORMS[name]
    # 1e-7: the guards in the variance (2e-8) and in the logarithm (1e-15 over the smallest share)
    torch.testing.assert_close(gradient_of(function, at), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("score", [lambda p: cc(p, S), lambda p: nss(p, F)], ids=["cc", "nss"])
@pytest.mark.parametrize("direction", [P, torch.ones_like(P)], ids=["the map itself", "the constant map"])
def test_a_score_s_gradient_does_not_push_contrast_or_level(score, direction):
    assert (gradient_of(score, P) * direction).sum().item() == pytest.approx(0, abs=1e-6)


def test_the_gradient_of_cc_has_its_length():
    found = gradient_of(lambda p: cc(p, S), P).norm().item()
    assert found == pytest.approx(math.sqrt(1 - cc(P, S).item() ** 2) / (SD.item() * math.sqrt(N)), rel=1e-6)


def test_the_gradient_of_kld_through_a_softmax_sums_to_nothing():
    assert gradient_of(lambda z: kld(Prediction(z, "softmax").density, Q), Z).sum().item() == pytest.approx(0, abs=1e-12)
