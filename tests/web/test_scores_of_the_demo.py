"""Fixations as text: what is read, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.errors import BrokenFile, InputError
from salquest.gaze import Fixations, SaliencyMap, gaussian_operator
from salquest.metrics import nss
from salquest.web.scoring import parse_fixations, score_maps, usual_sigma_px

SIZE = (48, 64)


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3.5,4",
        "x,y\n1,2\n3.5,4\n",
        "\ufeffx,y\r\n1,2\r\n\r\n3.5,4\r\n",
        "X;Y\n1;2\n3.5;4",
        "x\ty\n1\t2\n3.5\t4",
        " x , y \n 1 , 2 \n 3.5 , 4 ",
        "image,observer,index,x,y,duration_ms\na.jpg,1,1,1,2,200\na.jpg,1,2,3.5,4,",
        "y,x\n2,1\n4,3.5",
        "1,2,99\n3.5,4,77",
    ],
)
def test_fixations_are_read_from_any_usual_table(text: str) -> None:
    given = parse_fixations(text, SIZE)
    assert (given.fixations.x.tolist(), given.fixations.y.tolist(), given.outside) == ([1, 3.5], [2, 4], 0)


def test_those_outside_are_dropped_and_counted() -> None:
    given = parse_fixations("-0.5,0\n63.4,47\n63.5,0\n0,48\n-9,-9", SIZE)
    assert (given.fixations.x.tolist(), given.outside) == ([-0.5, 63.4], 3)


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("", InputError, "fixations are lines of x,y in pixels; found none"),
        ("x,y\n", InputError, "fixations are lines of x,y in pixels; found none"),
        ("1,2\n3", BrokenFile, "line 2 is '3'"),
        ("1,2\nthree,4", BrokenFile, "line 2 is 'three,4'"),
        ("1,2\nnan,4", BrokenFile, "line 2 is 'nan,4'"),
        ("1,2\ninf,4", BrokenFile, "line 2 is 'inf,4'"),
        ("left,top\n1,2", BrokenFile, "fixations need columns x and y; line 1 names left, top"),
        ("100,100\n", InputError, "none of the 1 fixations lies inside the picture of 64 x 48 px"),
        ('1,2\n"' + "x" * 200_000, BrokenFile, "this text is no such table"),
    ],
)
def test_what_is_no_list_of_fixations_is_refused(text: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        parse_fixations(text, SIZE)


def test_several_maps_are_scored_and_no_blur_is_kept_in_memory() -> None:
    looked = Fixations([10, 20], [10, 20], SIZE)
    maps = {name: SaliencyMap(np.random.default_rng(seed).random(SIZE)) for seed, name in enumerate("ab")}
    found = score_maps(maps, looked, sigma_px=3)
    assert {name: row["nss"] for name, row in found.items()} == {name: nss(one.values, looked) for name, one in maps.items()}
    assert gaussian_operator.cache_info().currsize == 0


def test_the_usual_sigma_is_near_one_degree_of_osie() -> None:
    assert usual_sigma_px((240, 320)) == pytest.approx(9.6)
