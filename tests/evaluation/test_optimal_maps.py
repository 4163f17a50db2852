"""Maps that a density implies: each beats the raw density under its metric, on average over fixations that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.datasets import load_dataset
from salquest.errors import InputError, UnknownName
from salquest.evaluation import OptimalMaps, optimal_map
from salquest.evaluation.optimal_maps import METRICS_WITH_MAPS, _most_similar, draw_fixations
from salquest.gaze import as_density, blur, fixation_density
from salquest.metrics import METRICS, Target
from salquest.models import Uniform
from salquest.models.centre_bias import GaussianCentreBias

SIZE, SIGMA, NUMBER = (30, 40), 2.0, 40


@pytest.fixture(scope="module")
def density() -> np.ndarray:
    """A few sharp spots on a faint ground."""
    draw = np.random.Generator(np.random.PCG64(21))
    spots = np.zeros(SIZE)
    spots.reshape(-1)[draw.choice(spots.size, 6, replace=False)] = draw.uniform(0.3, 1, 6)
    return as_density(as_density(blur(spots, 1.0)) + 0.3 / spots.size)


@pytest.fixture(scope="module")
def centre() -> np.ndarray:
    return GaussianCentreBias(0.25).at(SIZE).density()


def expected(metric: str, saliency: np.ndarray, density: np.ndarray, centre: np.ndarray, *, rounds: int = 150) -> float:
    """Mean score over fresh fixations drawn from the density, the same for every map."""
    draw = np.random.Generator(np.random.PCG64(77))
    found = []
    for _ in range(rounds):
        looked = draw_fixations(density, NUMBER, draw)
        others = draw_fixations(centre, 400, draw)
        target = Target(fixations=looked, density=fixation_density(looked, sigma_px=SIGMA), others=others, baseline=centre)
        found.append(float(METRICS[metric].compute(saliency, target)))
    return float(np.mean(found))


def implied(metric: str, density: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return optimal_map(density, metric, centre_bias=centre, sigma_px=SIGMA, num_fixations=NUMBER, draws=300)


@pytest.mark.parametrize("metric", ["auc_shuffled", "cc", "kl", "sim"])
def test_the_implied_map_beats_the_raw_density(metric, density, centre):
    raw, made = (expected(metric, one, density, centre) for one in (density, implied(metric, density, centre)))
    assert made < raw if METRICS[metric].direction == "down" else made > raw


@pytest.mark.parametrize("metric", ["auc", "auc_judd", "nss", "ig", "ll"])
@pytest.mark.parametrize("other", ["auc_shuffled", "cc", "sim"])
def test_no_other_metrics_map_beats_the_density_itself(metric, other, density, centre):
    assert expected(metric, density, density, centre) > expected(metric, implied(other, density, centre), density, centre)


@pytest.mark.parametrize("other", ["cc", "nss"])
def test_no_other_metrics_map_is_more_similar(other, density, centre):
    mine, theirs = (expected("sim", implied(name, density, centre), density, centre) for name in ("sim", other))
    assert mine > theirs


def test_the_most_similar_map_is_the_best_by_a_general_optimiser():
    from scipy.optimize import linprog

    draw = np.random.Generator(np.random.PCG64(3))
    observed = as_density(draw.gamma(0.4, size=(7, 1, 5))).astype(np.float32)
    # greatest mean of sum_i min(p_i, q_mi) as a linear programme: t_mi <= p_i, t_mi <= q_mi, sum p = 1
    count, pixels = 7, 5
    cost = np.concatenate([np.zeros(pixels), -np.ones(count * pixels) / count])
    rows = np.zeros((count * pixels, pixels + count * pixels))
    for i in range(count * pixels):
        rows[i, i % pixels], rows[i, pixels + i] = -1, 1
    equal = np.concatenate([np.ones(pixels), np.zeros(count * pixels)])[None]
    bounds = [(0, None)] * pixels + [(0, float(q)) for q in observed.reshape(-1)]
    best = linprog(cost, A_ub=rows, b_ub=np.zeros(count * pixels), A_eq=equal, b_eq=[1.0], bounds=bounds)
    found = _most_similar(observed)
    assert np.minimum(found, observed).sum(axis=(1, 2)).mean() == pytest.approx(-best.fun, abs=0.01)  # quantiles between samples
    assert found.sum() == pytest.approx(1.0)


def test_the_map_of_sim_is_the_same_for_the_same_seed(density):
    one, same, other = (optimal_map(density, "sim", sigma_px=SIGMA, draws=20, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_quotient_by_hand():
    found = optimal_map([[0.5, 0.5]], "auc_shuffled", centre_bias=[[0.8, 0.2]])
    np.testing.assert_allclose(found, [[0.625, 2.5]])


@pytest.mark.parametrize(("metric", "lacking"), [("sim", "sigma_px"), ("kl", "sigma_px"), ("auc_shuffled", "centre_bias")])
def test_what_a_metric_needs_is_asked_for(metric, lacking, density):
    with pytest.raises(InputError, match=lacking):
        optimal_map(density, metric)


def test_a_centre_bias_of_zero_somewhere_is_refused(density):
    with pytest.raises(InputError, match="0 somewhere"):
        optimal_map(density, "auc_shuffled", centre_bias=np.eye(*SIZE))


def test_a_metric_without_such_a_map_is_told():
    with pytest.raises(UnknownName, match="emd"):
        optimal_map(np.ones((2, 2)), "emd")


@pytest.mark.parametrize("metric", METRICS_WITH_MAPS)
def test_a_model_answers_its_map_for_each_metric(metric, tiny_set):
    data = load_dataset("tiny", tiny_set)
    model = OptimalMaps(GaussianCentreBias(0.3), metric, centre_bias=Uniform(), sigma_px=4.0, num_fixations=20)
    found = model.predict_stimulus(data.samples[0].stimulus)
    assert found.size == (48, 64)
    assert found.kind == ("values" if metric == "auc_shuffled" else "density")
