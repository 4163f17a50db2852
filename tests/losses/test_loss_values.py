"""Losses against numbers: the reference values of LOSSES.md section 13, its identities (10) and its closed-form gradients (7.4)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from salquest.losses import (
    Objective,
    Prediction,
    Targets,
    ae,
    auc,
    bce,
    bhat,
    cc,
    chi2,
    cosine,
    ead,
    focal,
    ig,
    js,
    kld,
    mlnet,
    mse,
    nll,
    nss,
    parse,
    r,
    sauc,
    sfne,
    sigmse,
    sim,
    tv,
    wbce,
)
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
B = maps([[0.1, 0.2, 0.2, 0.1], [0.2, 0.6, 0.6, 0.2], [0.1, 0.3, 0.3, 0.1]])
F = maps([[0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
Z = torch.log(P / (1 - P))
N = 12
EPS64 = 2.0**-52

LOOKED = Targets(as_density(S), F, B[0])


def summed(text: str, activation: str = "sigmoid") -> torch.Tensor:
    return torch.stack(list(Objective(parse(text), activation)(Z, LOOKED).values())).sum(dim=0)


REFERENCE = {
    "mse": (mse(P, S), 0.0291666667),
    "ead": (ead(P, S), 0.1576857832),
    "ae": (ae(P, S), 0.1416666667),
    "mlnet": (mlnet(P, S), 0.0601554233),
    "mlnet maxnorm": (mlnet(P, S, maxnorm=True), 0.0524942130),
    "sigmse 0.25": (sigmse(P, S, lambda_=0.25), 0.0955635059),
    "sigmse 0.55": (sigmse(P, S), 0.0461935522),
    "sigmse 0.75": (sigmse(P, S, lambda_=0.75), 0.0335752605),
    "kld eps 1e-7": (kld(P, as_density(S)), 0.2707362486),
    "kld eps 2.2204e-16": (kld(P, as_density(S), eps=EPS64), 0.2707370928),
    "bhat": (bhat(P, as_density(S)), 0.1236365051),
    "BC": ((-bhat(P, as_density(S))).exp(), 0.8837010033),
    "bhat 1-bc": (bhat(P, as_density(S), form="1-bc"), 0.1162989967),
    "eq 6": (bhat(P, as_density(S), form="printed"), 3.0097771634),
    "bce": (bce(Z, S), 0.4155563147),
    "eq 7": (bce(Z, S, reduce="sum"), 4.9866757759),
    "wbce 0.9": (wbce(Z, S), 0.1742916815),
    "wbce 0.4": (wbce(Z, S, w=0.4), 0.2161497763),
    "focal": (focal(Z, S), 0.1039663158),
    "eq 9": (focal(Z, S, form="printed"), 0.1710155201),
    "nll": (nll(P, F, eps=EPS64), 2.0322750209),
    "eq 10": (nll(P, F, eps=EPS64, norm=False), 0.6459806598),
    "bits above uniform": (ig(P, F, torch.ones_like(P), eps=EPS64), 0.6530094063),
    "nss": (nss(P, F), 1.1137801978),
    "nss unbiased": (nss(P, F, ddof=1), 1.0663633535),
    "eq 11": (nss(P, F, divisor="pixels"), 0.2784450495),
    "cc": (cc(P, as_density(S)), 0.8824430553),
    "sim": (sim(P, as_density(S)), 0.7603448276),
    "sim minmax": (sim(P, as_density(S), form="minmax"), 0.8066502463),
    "r": (r(P, B), 0.0025),
    "r sum": (r(P, B, reduce="sum"), 0.03),
    "auc": (auc(Z, F), 0.3052309827),
    "lc1": (summed(f"10*kld(eps={EPS64}) - 2*cc - nss"), -0.1712953806),
    "lc1r": (summed(f"10*kld(eps={EPS64}) - 2*cc - nss + r"), -0.1687953806),
    "unisal": (summed(f"kld(eps={EPS64}) - 0.1*nss(ddof=1) - 0.1*cc"), 0.0758564519),
    "transalnet": (summed("transalnet"), -0.9305287825),
    "emlnet": (1 + nss(F, F, ddof=1) + summed("emlnet"), 0.9802346379),
    "softmax kld": (summed("kld", "softmax"), 0.2000960795),
    "softmax nll": (summed("nll", "softmax"), 1.9389743925),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_a_loss_has_its_reference_value(name):
    value, expected = REFERENCE[name]
    # the sheet has ten decimals; standardised maps add (1e-4 mean)^2 to the variance, 2e-8 of it here, which lc1 triples
    assert value.item() == pytest.approx(expected, abs=6e-8)


def test_lc1_of_a_perfect_map_is_minus_two_minus_its_nss():
    density = as_density(S)
    total = 10 * kld(density, density, eps=EPS64) - 2 * cc(density, density) - nss(density, F)
    assert total.item() == pytest.approx(-2 - nss(S, F).item(), abs=1e-7)


def test_the_pooled_bce_is_that_of_averaged_probabilities():
    small, wanted = (torch.nn.functional.avg_pool2d(maps, 2) for maps in (P, S))
    expected = -(wanted * small.log() + (1 - wanted) * (1 - small).log()).mean()
    assert bce(Z, S, downsample=2).item() == pytest.approx(expected.item(), rel=1e-12)


def test_wbce_of_a_half_is_half_of_bce_in_value_and_gradient():
    torch.testing.assert_close(wbce(Z, S, w=0.5), bce(Z, S) / 2, rtol=0, atol=1e-15)
    torch.testing.assert_close(gradient_of(lambda z: wbce(z, S, w=0.5), Z), gradient_of(lambda z: bce(z, S), Z) / 2, rtol=0, atol=1e-16)


def test_focal_without_its_power_is_bce_as_meant_and_loses_a_term_as_printed():
    torch.testing.assert_close(focal(Z, S, gamma=0), bce(Z, S))
    torch.testing.assert_close(focal(Z, S, gamma=0, form="printed"), -((1 - S) * (1 - P).log()).mean(dim=(1, 2)))


def test_focal_as_lin_printed_has_labels_of_0_and_1():
    labels = (S >= 0.5).double()
    right = torch.where(labels > 0, P, 1 - P)
    torch.testing.assert_close(focal(Z, S, form="lin"), -((1 - right).square() * right.log()).mean(dim=(1, 2)))


def lowest_at(function, saliency: float) -> float:
    """The probability at which a loss of one pixel is least."""
    probabilities = torch.linspace(0.001, 0.999, 999, dtype=torch.float64).view(-1, 1, 1)
    return probabilities[function(torch.logit(probabilities), torch.full_like(probabilities, saliency)).argmin()].item()


@pytest.mark.parametrize(
    ("form", "saliency", "lowest"),
    [
        *[("meant", s, p) for s, p in ((0.1, 0.306), (0.3, 0.421), (0.5, 0.5), (0.9, 0.694))],
        *[("printed", s, p) for s, p in ((0.1, 0.319), (0.3, 0.470), (0.5, 0.578), (0.9, 0.820))],
    ],
)
def test_focal_is_least_where_the_sheet_says(form, saliency, lowest):
    assert lowest_at(lambda z, s: focal(z, s, form=form), saliency) == pytest.approx(lowest, abs=1.1e-3)


@pytest.mark.parametrize(("saliency", "lowest"), [(0.1, 0.5), (0.3, 0.794), (0.5, 0.9)])
def test_wbce_is_least_where_the_sheet_says(saliency, lowest):
    assert lowest_at(wbce, saliency) == pytest.approx(lowest, abs=1e-3)


@pytest.mark.parametrize(("saliency", "weight"), [(0, 0.041), (0.25, 0.474), (0.5, 3.78), (0.55, 5.0), (0.75, 8.81), (1, 9.89)])
def test_sigmse_weighs_as_the_sheet_says(saliency, weight):
    constant = torch.full((1, 2, 2), float(saliency))
    assert sigmse(constant + 1, constant).item() == pytest.approx(weight, abs=6e-3)


def test_mlnet_where_nobody_looked_is_mse_over_alpha():
    torch.testing.assert_close(mlnet(P, torch.zeros_like(S)), mse(P, torch.zeros_like(S)) / 1.1)


def test_an_error_beyond_what_a_map_can_have_does_not_overflow_ead():
    assert ead(torch.full((1, 2, 2), 500.0), torch.zeros(1, 2, 2)).item() == pytest.approx(math.expm1(20), rel=1e-6)


def test_kld_as_printed_is_least_at_the_saliency_over_e():
    density = as_density(S.clamp_min(0.01))
    saliency = density / density.max()
    (value, gradient) = (
        kld(saliency / math.e, density, eps=EPS64, order="printed", norm=False),
        gradient_of(lambda p: kld(p, density, eps=EPS64, order="printed", norm=False), saliency / math.e),
    )
    assert value.item() == pytest.approx(-saliency.sum().item() / math.e, rel=1e-12)
    assert gradient.abs().max().item() < 1e-12


def test_kld_the_other_way_round_swaps_the_maps():
    positive = S + 0.1
    torch.testing.assert_close(
        kld(P, as_density(positive), order="printed", eps=EPS64), kld(positive, as_density(P), eps=EPS64), rtol=1e-12, atol=0
    )


def test_nll_of_a_uniform_map_is_the_logarithm_of_its_size():
    assert nll(torch.ones(1, 38, 50), torch.ones(1, 38, 50), eps=0.0).item() == pytest.approx(7.550, abs=1e-3)


def test_information_gain_over_itself_is_nothing_and_differs_from_nll_by_a_constant():
    assert ig(B, F, B).item() == 0
    difference = ig(P, F, B, eps=EPS64) + nll(P, F, eps=EPS64) / math.log(2)
    torch.testing.assert_close(difference, nll(B, F, eps=EPS64) / math.log(2))


def test_jensen_shannon_of_maps_that_share_nothing_is_ln_2():
    left, right = maps([[0.5, 0.5, 0, 0]]), maps([[0, 0, 0.5, 0.5]])
    assert js(left, right).item() == pytest.approx(math.log(2), rel=1e-9)
    assert js(maps([[0.75, 0.25]]), maps([[0.5, 0.5]])).item() == pytest.approx(
        0.5 * (0.75 * math.log(1.2) + 0.25 * math.log(2 / 3)) + 0.25 * (math.log(0.8) + math.log(4 / 3)), rel=1e-9
    )


def test_chi_square_and_cosine_by_hand():
    first, second = maps([[0.75, 0.25]]), maps([[0.5, 0.5]])
    assert chi2(first, second).item() == pytest.approx(0.0625 / 1.25 + 0.0625 / 0.75, rel=1e-9)
    assert cosine(first, second).item() == pytest.approx(1 - 0.5 / math.sqrt(0.625 * 0.5), rel=1e-9)


def test_sfne_by_hand():
    error = (standard(P) - standard(S)).square()
    looked = torch.tensor([[[0, 0, 2, 0], [0, 1, 0, 0], [0, 5, 0, 0]]], dtype=torch.float64)
    expected = (error[0, 0, 2] + error[0, 1, 1] + error[0, 2, 1]) / 3 + error[looked == 0].mean()
    assert sfne(P, S, looked).item() == pytest.approx(expected.item(), rel=1e-6)


def test_shuffled_auc_weighs_pairs_and_leaves_cells_of_both_out():
    raw = maps([[1.0, 0.0, -1.0, 3.0]])
    counts, elsewhere = maps([[2, 1, 0, 0]]), maps([[7, 0, 1, 3]])
    pairs = [(1, -1, 2 * 1), (1, 3, 2 * 3), (0, -1, 1), (0, 3, 3)]
    expected = sum(weight * math.log1p(math.exp(other - own)) for own, other, weight in pairs) / 12
    assert sauc(raw, counts, elsewhere).item() == pytest.approx(expected, rel=1e-12)


def test_a_large_map_is_ranked_by_an_even_subset_of_its_cells():
    draw = torch.Generator().manual_seed(0)
    raw = torch.randn(1, 300, 400, generator=draw).cumsum(2) / 10
    counts = torch.zeros(1, 300, 400)
    counts[0, torch.randint(300, (120,), generator=draw), torch.randint(400, (120,), generator=draw)] = 1
    looked, others = raw[counts > 0], raw[counts == 0]
    everything = torch.stack([torch.nn.functional.softplus(others - one).mean() for one in looked]).mean()
    assert auc(raw, counts).item() == pytest.approx(everything.item(), rel=0.02)
    torch.testing.assert_close(auc(raw, counts), auc(raw, counts), rtol=0, atol=0)


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


@given(positive_maps, positive_maps)
def test_similarity_is_one_less_total_variation(values, others):
    assert sim(values, as_density(others)).item() == pytest.approx(1 - tv(as_density(values), as_density(others)).item(), abs=1e-12)


@given(positive_maps, positive_maps)
def test_one_less_the_coefficient_is_half_the_squared_distance_of_roots(values, others):
    distance = (as_density(values).sqrt() - as_density(others).sqrt()).square().sum() / 2
    assert bhat(values, as_density(others), form="1-bc").item() == pytest.approx(distance.item(), abs=1e-8)


@given(positive_maps, positive_maps)
def test_the_bhattacharyya_distance_is_at_most_half_the_divergence(values, others):
    density = as_density(others)
    # each cell misses up to 1e-12, the guard under the root
    assert -1e-10 < bhat(values, density).item() <= 0.5 * kld(values, density, eps=EPS64).item() + 1e-10


@given(positive_maps, st.floats(0.01, 100), st.sampled_from([bhat, sim, nll, lambda values, density: ig(values, density, B)]))
def test_a_distribution_does_not_see_the_scale_of_the_map(values, scale, loss):
    torch.testing.assert_close(loss(scale * values, as_density(S)), loss(values, as_density(S)))


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


def of_softmax(text: str):
    return lambda z: torch.stack(list(Objective(parse(text), "softmax")(z, LOOKED).values())).sum(dim=0)


SOFTMAX = Prediction(Z, "softmax").density
SD = P.std(correction=0)
TOTAL = P.sum()
Q = as_density(S)

# LOSSES.md 7.4, in the natural sign of each loss
CLOSED_FORMS = {
    "mse to values": (lambda p: mse(p, S), P, 2 * (P - S) / N),
    "mse to logits": (lambda z: mse(z.sigmoid(), S), Z, 2 * (P - S) * P * (1 - P) / N),
    "bce to logits": (lambda z: bce(z, S), Z, (P - S) / N),
    "kld to values": (lambda p: kld(as_density(p), Q, eps=EPS64), P, (1 - Q / as_density(P)) / TOTAL),
    "kld to logits of a softmax": (of_softmax("kld"), Z, SOFTMAX - Q),
    "nll to logits of a softmax": (of_softmax("nll"), Z, SOFTMAX - F / F.sum()),
    "bhat to logits of a softmax": (of_softmax("bhat"), Z, (SOFTMAX - (SOFTMAX * Q).sqrt() / (SOFTMAX * Q).sqrt().sum()) / 2),
    "ig to logits of a softmax": (lambda z: -of_softmax("-ig")(z), Z, (F / F.sum() - SOFTMAX) / math.log(2)),
    "nll to values": (lambda p: nll(p, F, eps=EPS64), P, (1 - (F / F.sum()) / as_density(P)) / TOTAL),
    "bhat 1-bc to values": (
        lambda p: bhat(p, Q, form="1-bc"),
        P,
        -((Q / as_density(P)).sqrt() - (Q * as_density(P)).sqrt().sum()) / (2 * TOTAL),
    ),
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
