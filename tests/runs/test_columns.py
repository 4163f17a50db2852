"""Tables of columns: out to CSV or Parquet and back, and the sentences when they are broken."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salquest.errors import BrokenFile, DataNotFound, InputError, MissingExtra, UnknownName
from salquest.runs import Columns

# what a CSV cannot tell apart: the empty text from no cell, and a text that is a number from that number
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])).map(lambda text: f"w{text}")
cells = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), words)


@settings(max_examples=60)
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5))
def test_a_saved_table_is_read_back_cell_by_cell(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "round_trip.csv"
    table = Columns({name: [row[i] for row in rows] for i, name in enumerate(("image", "nss", "a,b\n'c\""))})
    table.save(path)
    back = Columns.load(path)
    assert [[(type(cell), cell) for cell in back[name]] for name in back] == [
        [(type(cell), cell) for cell in table[name]] for name in table
    ]


# --- Parquet

whole = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
real = st.one_of(st.none(), st.floats(allow_nan=False))
text = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])))


@settings(max_examples=40)
@given(st.lists(st.tuples(whole, real, text), max_size=5))
def test_a_parquet_table_is_read_back_cell_by_cell(tmp_path_factory, rows):
    pytest.importorskip("pyarrow", reason="needs salquest[parquet]")
    path = tmp_path_factory.getbasetemp() / "round_trip.parquet"
    table = Columns({name: [row[i] for row in rows] for i, name in enumerate(("n", "nss", "a,b\n'c\""))})
    table.save(path)
    back = Columns.load(path)
    assert [[(type(cell), cell) for cell in back[name]] for name in back] == [
        [(type(cell), cell) for cell in table[name]] for name in table
    ]


def test_other_programs_read_whole_numbers_numbers_and_words_from_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs salquest[parquet]")
    cells = {"n": [1, None], "mixed": [1, 2.5], "words": ["a", 3], "none": [None, None], "large": [2**70, 1]}
    Columns(cells).save(tmp_path / "a.parquet")
    found = parquet.read_table(tmp_path / "a.parquet")
    assert [str(kind) for kind in found.schema.types] == ["int64", "double", "string", "double", "double"]
    assert found.to_pydict() == {"n": [1, None], "mixed": [1.0, 2.5], "words": ["a", "3"], "none": [None, None], "large": [2.0**70, 1.0]}


def test_a_folder_called_like_a_column_adds_none(tmp_path):
    pytest.importorskip("pyarrow", reason="needs salquest[parquet]")
    (tmp_path / "model=x").mkdir()
    Columns({"n": [1]}).save(tmp_path / "model=x" / "a.parquet")
    assert dict(Columns.load(tmp_path / "model=x" / "a.parquet")) == {"n": [1]}


def test_a_broken_parquet_table_is_refused(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="needs salquest[parquet]")
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(BrokenFile, match=r"a\.parquet is not a Parquet table that can be read"):
        Columns.load(tmp_path / "a.parquet")
    parquet.write_table(pyarrow.table({"x": [[1, 2]]}), tmp_path / "b.parquet")
    with pytest.raises(BrokenFile, match="has a column 'x' of list; the cells of a table are numbers or text"):
        Columns.load(tmp_path / "b.parquet")


def test_pyarrow_is_asked_for_by_name_where_it_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"a Parquet table needs .*: pip install 'salquest\[parquet\]'"):
        Columns({"a": [1]}).save(tmp_path / "a.parquet")
    assert not list(tmp_path.iterdir())


# --- CSV


def test_nan_comes_back_as_nan(tmp_path):
    Columns({"nss": [float("nan"), 1.0]}).save(tmp_path / "a.csv")
    assert math.isnan(Columns.load(tmp_path / "a.csv")["nss"][0])


def test_a_name_with_an_underscore_between_digits_stays_a_name(tmp_path):
    # Python takes it for the number 202001
    Columns({"image": ["2020_01", "1_0.5"]}).save(tmp_path / "a.csv")
    assert Columns.load(tmp_path / "a.csv")["image"] == ["2020_01", "1_0.5"]


def test_floats_are_written_in_full(tmp_path):
    assert Columns({"nss": [0.1 + 0.2]}).to_csv() == "nss\n0.30000000000000004\n"


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    Columns({"image": [], "nss": []}).save(tmp_path / "a.csv")
    back = Columns.load(tmp_path / "a.csv")
    assert (list(back), back.height) == (["image", "nss"], 0)


def test_rows_of_different_cells_become_columns_with_gaps():
    table = Columns.of_rows([{"image": "a", "nss": 1.0}, {"image": "b", "cc": 0.5}])
    assert (dict(table), table.height) == ({"image": ["a", "b"], "nss": [1.0, None], "cc": [None, 0.5]}, 2)


def test_rows_give_back_what_they_were_made_of():
    rows = [{"image": "a", "nss": 1.0}, {"image": "b", "nss": 2.0}]
    assert Columns.of_rows(rows).rows() == rows


def test_an_empty_cell_is_nan_among_numbers():
    assert [math.isnan(value) for value in Columns({"nss": [1, None]}).numbers("nss")] == [False, True]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InputError, match=r"must be of one length; found \{'a': 1, 'b': 2\}"):
        Columns({"a": [1], "b": [1, 2]})


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no column is called 'ns' \(did you mean 'nss'\?\); there are: cc, nss"):
        Columns({"cc": [], "nss": []})["ns"]


def test_a_missing_table_is_not_found(tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no table at .*a\.csv"):
        Columns.load(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a,b\n1,2\n3\n", r"a\.csv has rows that do not match its header of 2 columns"),
        (b"a,b\n1,2,3\n", r"a\.csv has rows that do not match its header of 2 columns"),
        (b"a,b\n\xff\xfe,2\n", r"a\.csv is not a CSV table in UTF-8"),
    ],
)
def test_a_broken_table_is_refused(content, sentence, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BrokenFile, match=sentence):
        Columns.load(tmp_path / "a.csv")


def test_pandas_is_asked_for_by_name_where_it_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"pip install 'salquest\[pandas\]'"):
        Columns({"a": [1]}).to_pandas()
