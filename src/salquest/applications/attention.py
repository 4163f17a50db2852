"""Which share of attention each region of a design gets, with an interval; one design, or two and their difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salquest.applications.region_file import NamedRegion, read_regions
from salquest.applications.share_precision import SharePrecision, share_precision
from salquest.datasets import DataSet
from salquest.errors import InputError
from salquest.gaze import SaliencyMap, read_picture
from salquest.gaze.pictures import Pixels
from salquest.models import load_model
from salquest.models.catalogue import DEFAULT

# draws for the interval of a difference: its ends are right to a thousandth
DRAWS = 100_000
ELSEWHERE = "(elsewhere)"
# height over width from which a design is scrolled rather than seen at once
LONG = 2.5

CANNOT_KNOW = (
    "What the model cannot know: what these viewers came to do, what they read, expect or have seen before, what moves, blinks or is "
    "scrolled to, and who they are. Models here learn from people who look freely at still pictures, mostly photographs, for a few seconds."
)


@dataclass(frozen=True)
class RegionShare:
    """What a region gets.

    Attributes:
        name: of the region; "(elsewhere)" for what lies in none.
        share: of the predicted density, 0..1. Regions that overlap count what they share twice.
        low, high: the 95 % interval of people's share, from the model's precision.
        area: of the picture, 0..1; share over area says how much more than its size it gets.
    """

    name: str
    share: float
    low: float
    high: float
    area: float


@dataclass(frozen=True)
class ShareDifference:
    """How much more a region gets in the second design.

    Attributes:
        name: of the region, which both designs have.
        difference: second share minus first.
        low, high: its 95 % interval, the errors of the two predictions taken as independent. For two versions of one design they go
            together to some degree that is not known, so that the interval is rather too wide.
    """

    name: str
    difference: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Design:
    """A picture with its regions, its map, and what each region gets; pixels (H, W, 3), turned as the file's EXIF tag says."""

    path: Path
    pixels: Pixels
    regions: Sequence[NamedRegion]
    saliency: SaliencyMap
    shares: Sequence[RegionShare]


@dataclass(frozen=True)
class AttentionStudy:
    """One design or two, seen by one model.

    Attributes:
        model: its name.
        designs: one or two.
        differences: from the first design to the second; none where there is one design.
        precision: of the model's shares.
    """

    model: str
    designs: Sequence[Design]
    differences: Sequence[ShareDifference]
    precision: SharePrecision

    @property
    def notes(self) -> list[str]:
        """The sentences that belong beside the numbers: where the intervals come from, and what the model cannot know."""
        notes = [_told_precision(self.precision), CANNOT_KNOW]
        for design in self.designs:
            height, width = design.pixels.shape[:2]
            if height > LONG * width:
                notes.append(
                    f"{design.path.name} is {height / width:.1f} times as tall as wide: people see such a page one screen at a time, "
                    "the model saw it at once; cut it into screens for shares that mean something."
                )
        return notes


def study_attention(
    pictures: Sequence[str | Path],
    regions: Sequence[str | Path],
    *,
    model: str | Path = DEFAULT,
    data: DataSet | None = None,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AttentionStudy:
    """Which share of attention each region of one design or two gets.

    Args:
        pictures: one or two picture files.
        regions: a file of regions for both, or one for each; see `region_file`.
        model: a name of the catalogue or a run folder.
        data, progress: what intervals are measured on, see `share_precision`.
        device: where a network runs.

    Raises:
        InputError: other numbers of pictures or files. DataNotFound, BrokenFile: a picture or file of regions. UnknownName: no such model.
    """
    if not 1 <= len(pictures) <= 2 or not 1 <= len(regions) <= len(pictures):
        raise InputError(
            "give one design or two, with one file of regions for both or one for each; "
            f"found {len(pictures)} pictures and {len(regions)} files of regions"
        )
    files = list(regions) * (len(pictures) - len(regions) + 1)
    pixels = [read_picture(path, follow_exif=True) for path in pictures]
    named = [read_regions(path, (one.shape[0], one.shape[1])) for path, one in zip(files, pixels, strict=True)]
    chosen = load_model(model, device=device)
    precision = share_precision(chosen, data, progress=progress)
    designs = []
    for path, one, held in zip(pictures, pixels, named, strict=True):
        saliency = chosen.predict_pixels(one)
        designs.append(Design(Path(path), one, held, saliency, attention_shares(saliency, held, precision)))
    differences = share_differences(designs[0].shares, designs[1].shares, precision) if len(designs) == 2 else []
    return AttentionStudy(chosen.name, designs, differences, precision)


def attention_shares(saliency: SaliencyMap, regions: Sequence[NamedRegion], precision: SharePrecision) -> list[RegionShare]:
    """The share of each region in the order given, then of what lies in none where something does.

    Args:
        saliency: of the design; values count above their minimum.
        regions: in pixels of the map.
        precision: of the model that predicted it.

    Raises:
        InputError: no region.
    """
    if not regions:
        raise InputError("shares are of regions; none was given")
    density = saliency.density()
    masks = {region.name: region.mask(saliency.size) for region in regions}
    rest = ~np.logical_or.reduce(list(masks.values()))
    if rest.any():
        masks[ELSEWHERE] = rest
    found = []
    for name, mask in masks.items():
        share = min(1.0, float(density[mask].sum()))
        found.append(RegionShare(name, share, *precision.interval(share), area=float(mask.mean())))
    return found


def share_differences(
    first: Sequence[RegionShare], second: Sequence[RegionShare], precision: SharePrecision, *, seed: int = 0
) -> list[ShareDifference]:
    """What changes from the first design to the second, for the regions that both have, in the first one's order.

    Args:
        first, second: of the same model.
        precision: of that model.
        seed: of the draws that the intervals are made from.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    others = {one.name: one for one in second}
    found = []
    for one in first:
        if one.name in others:
            other = others[one.name]
            draws = precision.draws(other.share, DRAWS, random) - precision.draws(one.share, DRAWS, random)
            low, high = np.quantile(draws, (0.025, 0.975))
            found.append(ShareDifference(one.name, other.share - one.share, float(low), float(high)))
    return found


def _told_precision(precision: SharePrecision) -> str:
    """What stands beside shares: where their intervals come from, and what is in none of them."""
    looks = round(precision.precision + 1)
    told = (
        f"The 95 % intervals come from how far this model's shares were from people's on {precision.pictures} pictures of "
        f"{precision.data}: "
        f"about as exact as counting {looks} {'fixation' if looks == 1 else 'fixations'}. "
        "How much less the model knows of designs than of these is in none of them."
    )
    if precision.has_seen_them:
        told += " It has learnt from these pictures, so the intervals are too narrow; --data NAME=PATH measures on others."
    return told
