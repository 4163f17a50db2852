"""Batches depend on seed and epoch alone, and are dealt out to processes without loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from salquest.datasets import DataSet, Sample
from salquest.encoders import FeatureCache, build_encoder
from salquest.gaze import Stimulus
from salquest.training.batches import Examples, epoch_batches, plain_batches


@pytest.fixture(scope="module")
def examples(blobs: DataSet) -> Examples:
    return Examples(blobs, size=(48, 64), map_size=(12, 16), sigma_px=9.6)


def test_every_picture_is_seen_once_an_epoch(examples: Examples) -> None:
    seen = [key for batch in epoch_batches(examples, batch=5, seed=1, epoch=2, mirror=True) for key in batch.keys]
    assert sorted(seen) == sorted(examples.keys)


def test_order_and_mirroring_come_from_seed_and_epoch(examples: Examples) -> None:
    def epoch(seed: int, number: int) -> list[torch.Tensor]:
        return [batch.inputs for batch in epoch_batches(examples, batch=5, seed=seed, epoch=number, mirror=True)]

    assert all(torch.equal(a, b) for a, b in zip(epoch(0, 1), epoch(0, 1), strict=True))
    assert not torch.equal(epoch(0, 1)[0], epoch(0, 2)[0])
    assert not torch.equal(epoch(0, 1)[0], epoch(1, 1)[0])


@pytest.mark.parametrize("world", [2, 3, 7])
def test_the_processes_of_a_step_share_its_batch_and_their_weights_sum_to_one(examples: Examples, world: int) -> None:
    whole = list(epoch_batches(examples, batch=5, seed=0, epoch=1, mirror=False))
    parts = [list(epoch_batches(examples, batch=5, seed=0, epoch=1, mirror=False, rank=rank, world=world)) for rank in range(world)]
    for step, batch in enumerate(whole):
        shares = [part[step] for part in parts]
        assert sum(float(share.share.sum()) for share in shares) == pytest.approx(1)
        weighed = [key for share in shares for key, weight in zip(share.keys, share.share, strict=True) if weight > 0]
        assert sorted(weighed) == sorted(batch.keys)


def test_a_mirrored_example_mirrors_picture_density_and_fixations_together(examples: Examples) -> None:
    plain, mirrored = (examples.batch([3], [flip], [1.0]) for flip in (False, True))
    assert isinstance(plain.inputs, torch.Tensor)
    assert isinstance(mirrored.inputs, torch.Tensor)
    torch.testing.assert_close(mirrored.inputs, plain.inputs.flip(-1))
    torch.testing.assert_close(mirrored.targets.density, plain.targets.density.flip(-1))
    torch.testing.assert_close(mirrored.targets.counts, plain.targets.counts.flip(-1))


def test_every_fixation_is_counted_at_the_maps_size(examples: Examples, blobs: DataSet) -> None:
    batch = next(plain_batches(examples, batch=3))
    assert batch.targets.counts.sum(dim=(1, 2)).tolist() == [len(sample.fixations) for sample in blobs.samples[:3]]


def test_the_prior_is_the_mean_of_the_training_pictures_maps_each_with_a_maximum_of_one(examples: Examples, blobs: DataSet) -> None:
    maps = [sample.density(9.6, size=(12, 16)) for sample in blobs]
    expected = np.mean([density / density.max() for density in maps], axis=0)
    np.testing.assert_allclose(examples.batch([0], [False], [1.0]).targets.form("prior")[0], expected, atol=1e-6)


def counts_of(blobs: DataSet, number: int) -> np.ndarray:
    counts, here = np.zeros((12, 16)), blobs.samples[number].fixations.resized((12, 16))
    np.add.at(counts, (here.rows, here.columns), 1)
    return counts


def test_elsewhere_are_the_fixations_of_the_other_pictures_mirrored_with_their_picture(examples: Examples, blobs: DataSet) -> None:
    others = sum(counts_of(blobs, number) for number in range(len(blobs)) if number != 5)
    plain, mirrored = (examples.batch([5], [flip], [1.0]).targets.form("elsewhere")[0] for flip in (False, True))
    np.testing.assert_array_equal(plain, others)
    np.testing.assert_array_equal(mirrored, others[:, ::-1])


def test_for_validation_pictures_the_training_pictures_are_the_others(examples: Examples, blobs: DataSet) -> None:
    unseen = Examples(blobs.subset(blobs.keys[:2]), size=(48, 64), map_size=(12, 16), sigma_px=9.6, population=examples.population)
    targets = next(plain_batches(unseen, batch=2)).targets
    everyone = sum(counts_of(blobs, number) for number in range(len(blobs)))
    for row in range(2):
        np.testing.assert_array_equal(targets.form("elsewhere")[row], everyone)
        assert torch.equal(targets.form("prior")[row], examples.population.prior)


def test_densities_of_a_batch_sum_to_one(examples: Examples) -> None:
    batch = next(plain_batches(examples, batch=6))
    np.testing.assert_allclose(batch.targets.density.sum(dim=(1, 2)).numpy(), 1, atol=1e-5)


def test_cached_features_are_those_of_the_pictures_bit_for_bit(blobs: DataSet, tmp_path: Path) -> None:
    encoder = build_encoder("mobilenet_v2", weights="none").freeze()
    few = blobs.subset(blobs.keys[:2])
    for root in (tmp_path, None):
        cached = Examples(
            few, size=(64, 96), map_size=(8, 12), sigma_px=9.6, cache=FeatureCache(root, encoder, (64, 96)), mirrored_too=True
        )
        pictures = Examples(few, size=(64, 96), map_size=(8, 12), sigma_px=9.6)
        for flip in (False, True):
            taps = cached.batch([1], [flip], [1.0]).inputs
            with torch.no_grad():
                direct = encoder(pictures.batch([1], [flip], [1.0]).inputs)
            assert all(torch.equal(a, b) for a, b in zip(taps, direct, strict=True))


@pytest.mark.parametrize("flip", [False, True])
def test_pictures_and_maps_that_may_not_be_written_to_become_batches_without_a_warning(
    flip: bool, examples: Examples, blobs: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(read: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def answer(*given: object, **named: object) -> np.ndarray:
            found = read(*given, **named).view()
            found.setflags(write=False)
            return found

        return answer

    monkeypatch.setattr(Stimulus, "pixels", locked(Stimulus.pixels))
    monkeypatch.setattr(Sample, "density", locked(Sample.density))
    few = Examples(blobs.subset(blobs.keys[:2]), size=(48, 64), map_size=(12, 16), sigma_px=9.6)
    ours, theirs = few.batch([1], [flip], [1.0]), examples.batch([1], [flip], [1.0])
    assert torch.equal(ours.inputs, theirs.inputs)
    assert torch.equal(ours.targets.density, theirs.targets.density)
