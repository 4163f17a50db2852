"""Every value of shared/reference/metrics/expected.csv: the MIT benchmark's programs, pysaliency, SALICON's program, POT, and closed forms.

The folder stands beside the repository (or where SALQUEST_SHARED says); its README tells where each value comes from. Tolerances are those of
METRICS.md section 6: 1e-12 for deterministic values, 2e-4 for FastEMD's integers, 4 standard errors for sampled ones. A row that differs is
listed in DEFECTS with the defect of the original that makes it differ.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from salquest.errors import InputError
from salquest.metrics import (
    METRICS,
    CountMap,
    Target,
    auc,
    auc_borji,
    auc_judd,
    auc_shuffled,
    fixation_kl,
    information_gain,
    log_likelihood,
    nss,
    resize,
)

SHARED = Path(os.environ.get("SALQUEST_SHARED", Path(__file__).parents[3] / "shared"))
FOLDER = SHARED / "reference" / "metrics"

pytestmark = [
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason=f"the reference values are not at {FOLDER}; set SALQUEST_SHARED to the folder that has them"
    ),
    pytest.mark.filterwarnings("ignore::salquest.errors.ConstantMapWarning"),
]

Scorer = Callable[["Pair"], float]
Group = tuple[str, str, str]  # program, metric, arguments

UINT8 = "MATLAB's uint8 arithmetic: p62 was handed over as class uint8, which its divisions saturate"
EMPTY_IS_PERFECT = "EMD.m scores an empty prediction 0, the best score (0/0 becomes NaN, which FastEMD takes for nothing to move)"
COMPLEX = "bicubic resizing leaves negative pixels, whose logarithm MATLAB continues into the complex numbers; ours clips them at 0"
NO_FIXATIONS = "a picture without fixations is scored: its empty ground truth counts as a map without mass (MIT) or as uniform (pysaliency)"
OCTAVE_WEIGHTS = (
    "Octave's imresize does not divide the weights by their sum, as MATLAB's does; it shows where the factor is not whole (60 -> 16)"
)
NEAR_TIES = (
    "interpolated values that should tie differ in their last digits: the program's jitter breaks those ties too, the closed form cannot"
)
UNRECORDED = "README: how the baseline was resized for this value was not recorded"
ROUNDED = "stored with a deviation of 0: all 10 seeds drew no bright pixel; the expectation is .4999593"
CRASH = "the program stops with an exception; ours says NaN"

JUDD_JITTER = ("pysaliency", "AUC_Judd", "jitter=True noise_size=1e-7")
MIT_JITTER = ("mit", "AUC_Judd", "jitter=1")
EMD_ROWS = ("gt map downsize=8", "gt map downsize=32", "binary fixation map downsize=8")
REPEATED_OTHERS = "nonfixations=Fixations(other list with repeats)"
SALICON_OTHERS = "stepSize=.01 shufMap=counts of other list + own fixations (own pixels are zeroed inside)"
RESIZED = " ResizingSaliencyMapModel(order=1)"
FLOOR = "density=convert_saliency_map_to_density(minimum_value=1e-20)"

DEFECTS: dict[tuple[str, Group], str] = {
    **{("p40", ("mit", "EMD", arguments)): EMPTY_IS_PERFECT for arguments in EMD_ROWS},
    **{("p62", ("mit", "EMD", arguments)): UINT8 for arguments in EMD_ROWS},
    **{("p62", ("mit", "AUC_Judd", f"jitter={on}")): UINT8 for on in (0, 1)},
    **{("p62", ("mit", name, f"Nsplits=100 stepSize={step}")): UINT8 for name in ("AUC_Borji", "AUC_shuffled") for step in ("0.1", "0.01")},
    ("p62", ("mit", "InfoGain", "baseline map")): UINT8,
    ("p51", ("mit", "KLdiv", "gt map")): COMPLEX,
    ("p52", ("mit", "KLdiv", "gt map")): COMPLEX,
    ("p60", ("mit", "KLdiv", "gt map")): NO_FIXATIONS,
    ("p60", ("mit", "SIM", "gt map")): NO_FIXATIONS,
    ("p60", ("pysaliency", "SIM", "gt map")): NO_FIXATIONS,
    ("p60", ("pysaliency", "KLDiv", "MIT_KLDiv")): NO_FIXATIONS,
    ("p60", ("pysaliency", "KLDiv", "minimum_value=1e-20")): NO_FIXATIONS,
    ("p53", ("pot", "EMD", "gt map downsize=8; shared mass removed")): OCTAVE_WEIGHTS,
    ("p53", ("pot", "EMD", "binary fixation map downsize=8; shared mass removed")): OCTAVE_WEIGHTS,
    ("p51", (*JUDD_JITTER[:2], JUDD_JITTER[2] + RESIZED)): NEAR_TIES,
    ("p59", ("pysaliency", "IG", f"{FLOOR}; baseline map density")): UNRECORDED,
    ("p55", ("mit", "AUC_Borji", "Nsplits=100 stepSize=0.01")): ROUNDED,
    ("p59", ("pysaliency", "AUC", "nonfixations=unfixated average=image")): CRASH,
    ("p59", ("pysaliency", "AUC_Judd", "jitter=False")): CRASH,
    ("p59", ("pysaliency", "AUC_Judd", "jitter=True")): CRASH,
    ("p59", ("salicon-eval", "sAUC", SALICON_OTHERS)): CRASH,
    ("p60", ("salicon-eval", "sAUC", SALICON_OTHERS)): CRASH,
    ("p60", ("salicon-eval", "AUC", "stepSize=.01 Nrand=100000")): CRASH,
    ("p60", ("pysaliency", "sAUC", REPEATED_OTHERS)): CRASH,
}


# ------------------------------------------------------------------------------------------------------------------ what is stored
@cache
def stored() -> dict[str, NDArray]:
    with np.load(FOLDER / "maps.npz") as archive:
        return dict(archive)


@dataclass(frozen=True)
class Pair:
    """A prediction, the fixations and the ground truth that it is scored on, and fixations on other pictures."""

    name: str
    about: dict

    @cached_property
    def prediction(self) -> NDArray:
        return stored()[self.about["pred"]]

    @property
    def size(self) -> tuple[int, int]:
        return self.about["fix_shape"][0], self.about["fix_shape"][1]

    @cached_property
    def fixations(self) -> CountMap:
        return counted(stored()["fix_" + self.about["gt"].removeprefix("gt_")], self.size)

    @cached_property
    def others(self) -> CountMap:
        return counted(stored()[self.about["other"]], self.size)

    @cached_property
    def target(self) -> Target:
        return Target(fixations=self.fixations, density=stored()[self.about["gt"]], others=self.others, baseline=stored()["baseline"])

    @cached_property
    def binary_target(self) -> Target:
        return Target(density=(self.fixations.array > 0).astype(np.float64))

    def fitted(self, rule: str) -> NDArray:
        """The prediction at the picture's size."""
        return resize(self.prediction, self.size, rule)


def counted(rows_and_columns: NDArray, size: tuple[int, int]) -> CountMap:
    counts = np.zeros(size)
    np.add.at(counts, tuple(rows_and_columns.astype(np.int64).T), 1.0)
    return CountMap(counts)


@cache
def pairs() -> dict[str, Pair]:
    return {about["id"]: Pair(about["id"], about) for about in json.loads((FOLDER / "pairs.json").read_text())}


@cache
def rows() -> dict[tuple[str, Group], dict[str, str]]:
    with (FOLDER / "expected.csv").open() as file:
        return {(row["pair"], (row["program"], row["metric"], row["arguments"])): row for row in csv.DictReader(file)}


# -------------------------------------------------------------------------------------------------------------------- our own calls
def by(metric: str, convention: str, **arguments: object) -> Scorer:
    return lambda pair: METRICS[metric].compute(pair.prediction, pair.target, convention=convention, **arguments)


def on(rule: str, function: Callable, *needs: str, **arguments: object) -> Scorer:
    """A function on the prediction at the picture's size."""
    return lambda pair: function(pair.fitted(rule), *(getattr(pair.target, need) for need in needs), **arguments)


def pysaliency_scorers() -> dict[tuple[str, str], Scorer]:
    return {
        ("AUC", "nonfixations=uniform average=image"): on("linear", auc, "fixations"),
        ("AUC", "nonfixations=unfixated average=image"): on("linear", auc, "fixations", negatives="unfixated"),
        ("AUC_Judd", "jitter=False"): on("linear", auc_judd, "fixations"),
        ("sAUC", REPEATED_OTHERS): on("linear", auc_shuffled, "fixations", "others"),
        ("NSS", "every fixation counts"): on("linear", nss, "fixations"),
        ("CC", "gt map"): lambda pair: METRICS["cc"].compute(pair.fitted("linear"), pair.target, convention="pysaliency"),
        ("SIM", "gt map"): lambda pair: METRICS["sim"].compute(pair.fitted("linear"), pair.target, convention="pysaliency"),
        ("KLDiv", "MIT_KLDiv"): lambda pair: METRICS["kl"].compute(pair.fitted("linear"), pair.target, convention="tuebingen"),
        ("KLDiv", "minimum_value=1e-20"): lambda pair: METRICS["kl"].compute(pair.fitted("linear"), pair.target, convention="pysaliency"),
        ("IG", f"{FLOOR}; baseline map density"): lambda pair: information_gain(
            pair.fitted("linear"), pair.fixations, resize(stored()["baseline"], pair.size), eps=0.0, floor=1e-20
        ),
        ("LL", f"bit per fixation over uniform; {FLOOR}"): on("linear", log_likelihood, "fixations", eps=0.0, floor=1e-20),
    }


ZOOMED = "; ndimage.zoom order=3"
SALICON_CC = "gt map as given (program would blur sigma=19 and min-max)"
STEPS = ("0.1", "0.01")

EXACT: dict[Group, Scorer] = {
    ("mit", "AUC_Judd", "jitter=0"): by("auc_judd", "mit", jitter="none"),
    ("mit", "NSS", "binary fixation map"): by("nss", "mit"),
    ("mit", "CC", "gt map"): by("cc", "mit"),
    ("mit", "SIM", "gt map"): by("sim", "mit"),
    ("mit", "KLdiv", "gt map"): by("kl", "mit"),
    ("mit", "InfoGain", "baseline map"): by("ig", "mit"),
    **{("pysaliency", *key): scorer for key, scorer in pysaliency_scorers().items()},
    **{("pysaliency", metric, arguments + RESIZED): scorer for (metric, arguments), scorer in pysaliency_scorers().items()},
    **{("salicon-eval", "NSS", "list with repeats" + zoom): by("nss", "salicon") for zoom in ("", ZOOMED)},
    **{("salicon-eval", "CC", SALICON_CC + zoom): by("cc", "salicon") for zoom in ("", ZOOMED)},
    **{("salicon-eval", "sAUC", SALICON_OTHERS + zoom): by("auc_shuffled", "salicon") for zoom in ("", ZOOMED)},
    **{
        ("closed-form", "AUC_Borji_expect", f"stepSize={step}; exact expectation over random negatives"): on(
            "matlab", auc_borji, "fixations", repeats=False, step=float(step)
        )
        for step in STEPS
    },
    **{
        ("closed-form", "AUC_shuffled_expect", f"stepSize={step}; exact expectation over random subsets of distinct other pixels"): on(
            "matlab", auc_shuffled, "fixations", "others", repeats=False, step=float(step)
        )
        for step in STEPS
    },
    ("closed-form", "AUC_exact", "positives=all fixations with repeats; negatives=all pixels; ties 1/2"): by("auc", "exact"),
    ("closed-form", "AUC_exact", "positives=distinct fixated pixels; negatives=all pixels; ties 1/2"): by("auc", "exact", repeats=False),
    ("closed-form", "AUC_exact", "positives=distinct fixated pixels; negatives=never fixated pixels; ties 1/2"): by(
        "auc", "exact", repeats=False, negatives="unfixated"
    ),
    ("closed-form", "sAUC_exact", "positives with repeats; negatives=other list with repeats; ties 1/2"): by("auc_shuffled", "exact"),
    ("closed-form", "sAUC_exact", "positives and negatives distinct pixels; ties 1/2"): by("auc_shuffled", "exact", repeats=False),
}


def earth_mover(arguments: str) -> Scorer:
    downsize = 32 if "=32" in arguments else 8
    if arguments.startswith("binary"):
        return lambda pair: METRICS["emd"].compute(pair.prediction, pair.binary_target, convention="mit", downsize=downsize)
    return by("emd", "mit", downsize=downsize)


EARTH_MOVER: dict[Group, Scorer] = {
    **{("mit", "EMD", arguments): earth_mover(arguments) for arguments in EMD_ROWS},
    **{("pot", "EMD", f"{arguments}; shared mass removed"): earth_mover(arguments) for arguments in EMD_ROWS},
}

# our expectations against the mean of the programs' draws
SAMPLED: dict[Group, Scorer] = {
    MIT_JITTER: by("auc_judd", "mit", jitter="none", ties="expected", constant="chance"),
    JUDD_JITTER: by("auc_judd", "pysaliency", jitter="none", ties="expected"),
    ("pysaliency", "AUC_Judd", JUDD_JITTER[2] + RESIZED): on("linear", auc_judd, "fixations", ties="expected"),
    ("pysaliency", "AUC_Judd", "jitter=True"): by("auc_judd", "pysaliency", jitter="none", ties="expected"),
    **{("mit", "AUC_Borji", f"Nsplits=100 stepSize={step}"): by("auc_borji", "mit", expected=True, step=float(step)) for step in STEPS},
    **{
        ("mit", "AUC_shuffled", f"Nsplits=100 stepSize={step}"): by("auc_shuffled", "mit", expected=True, step=float(step))
        for step in STEPS
    },
    **{("salicon-eval", "AUC", "stepSize=.01 Nrand=100000" + zoom): by("auc_borji", "salicon", expected=True) for zoom in ("", ZOOMED)},
}

REFUSED: Group = ("pysaliency", "AUC", "nonfixations=uniform average=image (no resizing model)")


# ---------------------------------------------------------------------------------------------------------------------- comparisons
def differing(group: Group, scorer: Scorer, agrees: Callable[[dict[str, str], float], bool]) -> list[str]:
    found = []
    for (pair, own), row in rows().items():
        if own == group and pair in pairs() and (pair, own) not in DEFECTS:
            value = scorer(pairs()[pair])
            if not agrees(row, value):
                found.append(f"{pair}: expected {row['value']} (sd {row['sd'] or 0}), found {value!r}")
    return found


def both_nan(row: dict[str, str], value: float) -> bool:
    return row["value"] == "nan" and math.isnan(value)


def is_exact(row: dict[str, str], value: float) -> bool:
    stored_value = float(row["value"])
    if both_nan(row, value) or value == stored_value:
        return True
    if math.isinf(stored_value):
        return False
    # the mean of p58, 0.5 + 1e-9 * signal, keeps seven digits of the signal
    tolerance = 1e-6 if (row["pair"], row["metric"]) == ("p58", "NSS") else 1e-12 * max(1.0, abs(stored_value))
    return abs(value - stored_value) <= tolerance


def is_fast_emd(row: dict[str, str], value: float) -> bool:
    return both_nan(row, value) or abs(value - float(row["value"])) <= 2e-4


def is_sampled(row: dict[str, str], value: float) -> bool:
    if both_nan(row, value):
        return True
    # 1e-12: maps without ties, whose score no draw changes
    return abs(value - float(row["value"])) <= 4 * float(row["sd"] or 0) / math.sqrt(int(row["n_seeds"])) + 1e-12


@pytest.mark.parametrize("group", sorted(EXACT), ids=" ".join)
def test_deterministic_values_agree_to_twelve_digits(group: Group) -> None:
    assert not differing(group, EXACT[group], is_exact)


@pytest.mark.parametrize("group", sorted(EARTH_MOVER), ids=" ".join)
def test_the_earth_mover_agrees_with_pot_to_twelve_digits_and_with_fast_emd_to_its_integers(group: Group) -> None:
    assert not differing(group, EARTH_MOVER[group], is_exact if group[0] == "pot" else is_fast_emd)


@pytest.mark.parametrize("group", sorted(SAMPLED), ids=" ".join)
def test_expectations_lie_within_four_standard_errors_of_the_programs_that_sample(group: Group) -> None:
    assert not differing(group, SAMPLED[group], is_sampled)


def test_a_map_of_another_size_is_refused_where_pysaliency_refuses_it() -> None:
    sizes = [pair for pair, group in rows() if group == REFUSED]
    assert sizes == ["p51", "p52", "p53"]
    for pair in sizes:
        with pytest.raises(InputError, match="resize"):
            by("auc", "pysaliency")(pairs()[pair])


@pytest.mark.parametrize("name", ["p03", "p39", "p42", "p44", "p58"])
@pytest.mark.parametrize(
    ("group", "metric", "convention", "arguments"),
    [
        (MIT_JITTER, "auc_judd", "mit", {}),
        (JUDD_JITTER, "auc_judd", "pysaliency", {}),
        (("mit", "AUC_Borji", "Nsplits=100 stepSize=0.1"), "auc_borji", "mit", {}),
        (("mit", "AUC_Borji", "Nsplits=100 stepSize=0.01"), "auc_borji", "mit", {"step": 0.01}),
        (("mit", "AUC_shuffled", "Nsplits=100 stepSize=0.1"), "auc_shuffled", "mit", {}),
        (("salicon-eval", "AUC", "stepSize=.01 Nrand=100000"), "auc_borji", "salicon", {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_our_draws_scatter_around_the_same_mean(name: str, group: Group, metric: str, convention: str, arguments: dict) -> None:
    seeds = range(100, 108)
    drawn = np.mean([by(metric, convention, seed=seed, **arguments)(pairs()[name]) for seed in seeds])
    row = rows()[name, group]
    assert abs(drawn - float(row["value"])) <= 4 * float(row["sd"]) * math.sqrt(1 / int(row["n_seeds"]) + 1 / len(seeds)) + 1e-12


# ------------------------------------------------------------------------------------------------------------------------ whole sets


@dataclass(frozen=True)
class PictureSet:
    """Seven pictures as one data set: fixations of p00, p03, ..., maps of the same pairs or of their neighbours."""

    maps: tuple[NDArray, ...]
    fixations: tuple[CountMap, ...]
    others: tuple[CountMap, ...]

    def mean(self, score: Callable[[NDArray, CountMap, CountMap], float], *, per_fixation: bool) -> float:
        scores = [score(*picture) for picture in zip(self.maps, self.fixations, self.others, strict=True)]
        return float(np.average(scores, weights=[seen.array.sum() for seen in self.fixations] if per_fixation else None))


@cache
def picture_set(name: str) -> PictureSet:
    shift = {"set_centre": 0, "set_halfobs": 1}[name]
    seen = [pairs()[f"p{number:02d}"].fixations for number in range(0, 21, 3)]
    everything = sum(picture.array for picture in seen)
    return PictureSet(
        tuple(pairs()[f"p{number + shift:02d}"].prediction.astype(np.float64) for number in range(0, 21, 3)),
        tuple(seen),
        tuple(CountMap(everything - picture.array) for picture in seen),
    )


def gain(saliency: NDArray, fixations: CountMap, _: CountMap) -> float:
    return information_gain(saliency + 1, fixations, stored()["baseline"], eps=0.0)


def nats(saliency: NDArray, fixations: CountMap, _: CountMap) -> float:
    return log_likelihood(saliency + 1, fixations, eps=0.0, over_uniform=False) * math.log(2)


def average(score: Callable, *, per_fixation: bool) -> Callable[[PictureSet], float]:
    return lambda pictures: pictures.mean(score, per_fixation=per_fixation)


WHOLE_SETS: dict[tuple[str, str], Callable[[PictureSet], float]] = {
    **{
        (metric, f"{arguments}average={unit}"): average(score, per_fixation=unit == "fixation")
        for unit in ("image", "fixation")
        for metric, arguments, score in (
            ("AUC", "nonfixations=uniform ", lambda s, f, _: auc(s, f)),
            ("AUC", "nonfixations=unfixated ", lambda s, f, _: auc(s, f, negatives="unfixated")),
            ("sAUC", "nonfixations=shuffled ", auc_shuffled),
            ("NSS", "", lambda s, f, _: nss(s, f)),
        )
    },
    ("AUC_Judd", "jitter=False"): average(lambda s, f, _: auc_judd(s, f), per_fixation=False),
    ("IG", "density=(map+1)/sum; baseline map; average=fixation"): average(gain, per_fixation=True),
    ("LL", "nats; density=(map+1)/sum; average=fixation"): average(nats, per_fixation=True),
    ("KL_fixation_based", "10 bins; nonfixations=shuffled; eps=1e-20"): lambda pictures: fixation_kl(
        list(pictures.maps), list(pictures.fixations), list(pictures.others)
    ),
}


@pytest.mark.parametrize("name", ["set_centre", "set_halfobs"])
@pytest.mark.parametrize("key", sorted(WHOLE_SETS), ids=" ".join)
def test_values_of_whole_sets_agree_to_twelve_digits(name: str, key: tuple[str, str]) -> None:
    expected = float(rows()[name, ("pysaliency", *key)]["value"])
    assert WHOLE_SETS[key](picture_set(name)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


# ------------------------------------------------------------------------------------------------------------- nothing is left out
def test_every_row_is_compared() -> None:
    compared = {*EXACT, *EARTH_MOVER, *SAMPLED, REFUSED}
    left = [key for key in rows() if key[1] not in compared and not (key[0].startswith("set_") and key[1][1:] in WHOLE_SETS)]
    assert not left


def test_every_row_that_is_left_out_exists_and_does_differ() -> None:
    judges = {**dict.fromkeys(EXACT, is_exact), **dict.fromkeys(EARTH_MOVER, is_fast_emd), **dict.fromkeys(SAMPLED, is_sampled)}
    scorers = {**EXACT, **EARTH_MOVER, **SAMPLED}
    for (pair, group), reason in DEFECTS.items():
        row = rows()[pair, group]
        judge = is_exact if group[0] == "pot" else judges[group]
        unreadable = row["value"].startswith(("error", "complex"))
        assert unreadable or not judge(row, scorers[group](pairs()[pair])), f"{pair} {group} agrees: {reason} no longer holds"


def test_pictures_that_crash_a_program_are_nan_here() -> None:
    scorers = {**EXACT, **SAMPLED}
    for (pair, group), reason in DEFECTS.items():
        if reason == CRASH:
            assert math.isnan(scorers[group](pairs()[pair]))


# ---------------------------------------------------------------------------------------------------------------------- resized maps
def test_bicubic_bins_are_octaves_bit_for_bit() -> None:
    with np.load(FOLDER / "resized.npz") as archive:
        bins = {name: archive[name] for name in archive.files if name.count("_") == 2 and name.endswith(("_gt", "_pred"))}
    differ = {}
    for name, expected in bins.items():
        pair, downsize, kind = name.split("_")
        if downsize not in ("8", "32"):
            continue
        about = pairs()[pair]
        size = tuple(math.ceil(length / int(downsize)) for length in about.size)
        mine = resize(stored()[about.about[kind]], size)
        total = sum(mine.T.reshape(-1).tolist())  # added up in Octave's order
        if total and not np.array_equal(mine / total, expected):
            differ[name] = float(np.abs(mine / total - expected).max())
    # p53 is 60 x 60: its factors are not whole, see OCTAVE_WEIGHTS; at 1/32 the weights' own sums are 1 but for the last bit
    assert differ.pop("p53_8_pred") < 3e-5
    assert differ.pop("p53_32_pred") < 1e-16
    assert not differ
