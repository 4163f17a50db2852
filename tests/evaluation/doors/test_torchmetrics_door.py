"""Our metrics as torchmetrics: the mean that METRICS gives, whatever the batches and processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.multiprocessing

pytest.importorskip("torchmetrics", reason="needs the extra salquest[torchmetrics]")

from salquest.errors import InputError, UnknownName
from salquest.evaluation.doors.torchmetrics_door import SaliencyMetric
from salquest.gaze import Fixations, fixation_density
from salquest.metrics import METRICS, Target, nss

SIZE = (24, 32)


def scene(seed: int, pictures: int) -> tuple[torch.Tensor, Target]:
    draw = np.random.default_rng(seed)
    looked = [Fixations(draw.uniform(0, 31, 5 + i), draw.uniform(0, 23, 5 + i), SIZE) for i in range(pictures)]
    others = [Fixations(draw.uniform(0, 31, 90), draw.uniform(0, 23, 90), SIZE) for _ in range(pictures)]
    density = np.stack([fixation_density(one, sigma_px=3.0) for one in looked])
    baseline = np.stack([fixation_density(one, sigma_px=5.0) + 1e-5 for one in others])
    return torch.from_numpy(draw.random((pictures, *SIZE))), Target(looked, torch.from_numpy(density), others, torch.from_numpy(baseline))


@pytest.mark.parametrize("name", [name for name, card in METRICS.items() if not card.set_level])
def test_every_metric_gives_the_mean_over_all_pictures_of_all_batches(name):
    metric, expected = SaliencyMetric(name), []
    for seed, pictures in ((1, 3), (2, 1)):
        saliency, target = scene(seed, pictures)
        metric.update(saliency, target)
        expected += METRICS[name].compute(saliency, target).tolist()
    assert metric.compute().item() == pytest.approx(np.mean(expected), abs=1e-12)
    assert metric.higher_is_better == (METRICS[name].direction == "up")
    metric.reset()
    with pytest.warns(UserWarning, match="called before the ``update``"):
        assert metric.compute().isnan()


def test_fields_by_name_one_picture_and_float32_maps_are_taken():
    saliency, target = scene(3, 2)
    metric = SaliencyMetric("nss", arguments={"repeats": False})
    metric.update(saliency[0].float(), fixations=target.fixations[0])
    assert metric.compute().item() == nss(saliency[0].float(), target.fixations[0], repeats=False)
    assert metric(saliency, fixations=target.fixations).item() == pytest.approx(
        nss(saliency, target.fixations, repeats=False).mean().item()
    )


def test_a_convention_that_averages_over_fixations_weighs_pictures_by_them():
    saliency, target = scene(4, 3)
    metric = SaliencyMetric("nss", convention="pysaliency")
    metric.update(saliency, target)
    each, counts = nss(saliency, target.fixations).numpy(), [len(looked) for looked in target.fixations]
    assert metric.compute().item() == pytest.approx(np.average(each, weights=counts), abs=1e-12)


def test_pictures_without_fixations_are_left_out_and_counted():
    saliency, target = scene(5, 2)
    metric = SaliencyMetric("nss")
    metric.update(saliency, fixations=[target.fixations[0], Fixations([], [], SIZE)])
    assert metric.compute().item() == pytest.approx(nss(saliency[0], target.fixations[0]))
    assert metric.unscored == 1


def test_a_set_level_metric_an_unknown_name_and_a_target_without_what_is_needed_are_refused():
    saliency, target = scene(6, 1)
    with pytest.raises(InputError, match="whole set"):
        SaliencyMetric("fixation_kl")
    with pytest.raises(UnknownName, match="did you mean 'nss'"):
        SaliencyMetric("nsss")
    with pytest.raises(InputError, match="ig needs fixations, baseline; missing: baseline"):
        SaliencyMetric("ig").update(saliency, fixations=target.fixations)
    with pytest.raises(InputError, match="found neither"):
        SaliencyMetric("nss").update(saliency)


def one_of_two(rank: int, folder: str) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    saliency, target = scene(7, 3)
    part = slice(0, 1) if rank == 0 else slice(1, 3)
    metric = SaliencyMetric("nss")
    metric.update(saliency[part], fixations=target.fixations[part])
    (Path(folder) / f"{rank}.txt").write_text(repr(metric.compute().item()))
    torch.distributed.destroy_process_group()


def test_two_processes_with_parts_of_different_sizes_give_the_mean_of_the_whole(tmp_path):
    torch.multiprocessing.spawn(one_of_two, (str(tmp_path),), nprocs=2)
    saliency, target = scene(7, 3)
    whole = nss(saliency, target.fixations).mean().item()
    for rank in range(2):
        assert float((tmp_path / f"{rank}.txt").read_text()) == pytest.approx(whole, abs=1e-12)
