"""Dividing by picture: reproducible, disjoint, from seed, from the set itself, from a list."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salquest.datasets import Split, divide, load_dataset, split_by_seed, split_from_file
from salquest.errors import BrokenFile, DataNotFound, InputError

keys_of_a_set = st.sets(st.text(min_size=1, max_size=4), min_size=3, max_size=60).map(list)


@pytest.fixture
def data(tiny_set):
    return load_dataset("tiny", tiny_set)


@given(keys_of_a_set, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_same_keys_and_seed_give_the_same_parts_in_whatever_order_they_come(keys, seed, draw):
    assert split_by_seed(draw.sample(keys, len(keys)), seed=seed) == split_by_seed(keys, seed=seed)


@given(keys_of_a_set, st.integers(0, 2**32))
def test_every_picture_is_in_exactly_one_part(keys, seed):
    split = split_by_seed(keys, seed=seed)
    assert sorted([*split.train, *split.val, *split.test]) == sorted(keys)
    assert min(len(split.train), len(split.val), len(split.test)) >= 1


def test_parts_have_the_shares_asked_for():
    split = split_by_seed([f"{i:03d}.jpg" for i in range(200)], val=0.1, test=0.25)
    assert (len(split.train), len(split.val), len(split.test)) == (130, 20, 50)


def test_another_seed_gives_other_parts():
    keys = [f"{i:03d}.jpg" for i in range(50)]
    assert split_by_seed(keys, seed=0).test != split_by_seed(keys, seed=1).test


def test_the_parts_of_seed_0_are_those_of_the_day_this_was_written():
    # what PCG64 answers; a change would make old runs and new ones incomparable
    split = split_by_seed([f"{i}.jpg" for i in range(10)], seed=0)
    assert (split.test, split.val, split.origin) == (("4.jpg", "6.jpg"), ("2.jpg", "7.jpg"), "seed 0")


def test_three_pictures_are_the_least():
    with pytest.raises(InputError, match="a division into three parts needs at least three pictures; found 2"):
        split_by_seed(["a", "b"])


def test_a_picture_in_two_parts_is_refused():
    with pytest.raises(InputError, match=r"a picture may stand in one part only; 1 stand in two, the first is b"):
        Split(("a", "b"), ("b",), ("c",), "by hand")


def test_a_set_with_parts_of_its_own_is_divided_by_them(data):
    split = divide(data)
    assert (len(split.train), split.val, split.test, split.origin) == (
        8,
        ("blobs08.png", "blobs09.png"),
        ("blobs10.png", "blobs11.png"),
        "distributed",
    )


def test_a_set_without_parts_is_divided_by_seed(data):
    bare = dataclasses.replace(data, parts={})
    assert divide(bare, seed=3) == split_by_seed(data.keys, seed=3)


def test_a_set_without_parts_has_no_division_of_its_own(data):
    with pytest.raises(
        InputError, match=r"tiny has no division of its own \(no split.csv in .*tiny\); divide it by seed or by a list file"
    ):
        divide(dataclasses.replace(data, parts={}), "distributed")


def test_a_final_division_learns_from_all_but_the_test_part_and_a_tenth_of_the_validation_part(data):
    distributed, final = divide(data, "distributed"), divide(data, "final")
    assert final.test == distributed.test
    assert final.val == distributed.val[::10]
    assert set(final.train) == {*distributed.train, *distributed.val} - set(final.val)
    assert final.origin == "distributed, final"


def test_seed_can_be_asked_for_where_the_set_has_parts(data):
    assert divide(data, "seed", seed=1).origin == "seed 1"


def test_distributed_parts_keep_what_is_there(data):
    few = data.subset([*data.keys[:3], data.keys[8], data.keys[10]])
    split = divide(few)
    assert (split.train, split.val, split.test) == (data.keys[:3], data.keys[8:9], data.keys[10:11])


def listed(tmp_path, text: str | bytes):
    path = tmp_path / "parts.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_list_file_divides(data, tmp_path):
    split = divide(data, str(listed(tmp_path, "image,split\nblobs03.png,test\nblobs01.png,train\n")))
    assert split == Split(("blobs01.png",), (), ("blobs03.png",), "file parts.csv")


def test_a_list_file_that_is_not_there_is_not_found(data, tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no list of parts at .*none.csv"):
        split_from_file(data, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("picture,part\n", r"parts.csv needs the columns image and split; found \['picture', 'part'\]"),
        ("", r"parts.csv needs the columns image and split; found None"),
        ("image,split\nblobs01.png,train\nblobs02.png,dev\n", r"parts.csv, line 3: a part is train, val or test; found 'dev'"),
        ("image,split\nblobs01.png\n", r"parts.csv, line 2: a part is train, val or test; found None"),
        (b"image,split\n\xff.png,train\n", r"parts.csv is not a CSV table in UTF-8"),
    ],
)
def test_a_broken_list_is_refused(content, sentence, data, tmp_path):
    with pytest.raises(BrokenFile, match=sentence):
        split_from_file(data, listed(tmp_path, content))


def test_a_list_of_other_pictures_is_refused(data, tmp_path):
    with pytest.raises(InputError, match=r"parts.csv names 2 pictures that are not in tiny, the first is x.png"):
        split_from_file(data, listed(tmp_path, "image,split\nz.png,train\nx.png,test\nblobs01.png,val\n"))


def test_the_record_of_a_split_names_every_picture(data):
    record = divide(data).as_record()
    assert (set(record), record["val"]) == ({"origin", "train", "val", "test"}, ["blobs08.png", "blobs09.png"])
