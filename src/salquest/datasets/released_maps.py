"""The maps that were released with a data set, held against its fixations: which Gaussian made them."""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import ArrayLike

from salquest.datasets.dataset import DataSet, Sample
from salquest.errors import DataNotFound, InputError
from salquest.gaze import BlurWidth, Fixations, recover_blur

RECIPE_FITS = 0.999  # a correlation below this says that the maps are no Gaussian blur of these fixations


def released_blur(
    data: DataSet, *, released: Callable[[Sample], ArrayLike] = Sample.distributed_map, pictures: int = 8
) -> tuple[BlurWidth, ...]:
    """Recover the Gaussian of released maps from some pictures of a data set.

    Args:
        data: with fixations.
        released: gives the map of a sample, and raises InputError or DataNotFound where there is none; the set's own maps by default.
        pictures: how many to fit, spread over the set; pictures without fixations or map are passed over.

    Returns:
        One fit for each counting and border rule, best first.

    Raises:
        InputError: fewer than one picture asked for, or none that has both fixations and a map.
    """
    if pictures < 1:
        raise InputError(f"sigma is fitted to at least one picture; found {pictures}")
    fixated = [(sample, sample.fixations) for sample in data if sample.fixations is not None and len(sample.fixations)]
    looked: list[Fixations] = []
    maps: list[ArrayLike] = []
    for sample, fixations in _spread(fixated, pictures):
        if len(maps) == pictures:
            break
        try:
            maps.append(released(sample))
        except (DataNotFound, InputError):
            continue
        looked.append(fixations)
    if not maps:
        raise InputError(f"no picture of {data.name} has both fixations and a released map; name the folder of the maps: --maps DIR")
    return recover_blur(looked, maps)


def _spread(samples: list[tuple[Sample, Fixations]], number: int) -> list[tuple[Sample, Fixations]]:
    """All samples, `number` of them that lie evenly over the set first."""
    first = {index * len(samples) // number for index in range(min(number, len(samples)))}
    return [samples[index] for index in sorted(range(len(samples)), key=lambda index: (index not in first, index))]
