"""A table as named columns of equal length: what scores and logs are kept in, as CSV or Parquet, handed to pandas where it is there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from salquest.errors import BrokenFile, DataNotFound, InputError, MissingExtra, UnknownName
from salquest.runs.atomic import write_bytes, write_text

Cell = str | float | int | None
PARQUET = ".parquet"


class Columns(Mapping[str, list[Cell]]):
    """Named columns of equal length, in order.

    >>> table = Columns.of_rows([{"image": "1001.jpg", "nss": 1.5}, {"image": "1002.jpg", "nss": 2.0}])
    >>> table["nss"], len(table), table.height
    ([1.5, 2.0], 2, 2)
    """

    def __init__(self, columns: Mapping[str, Sequence[Cell]]) -> None:
        heights = {name: len(values) for name, values in columns.items()}
        if len(set(heights.values())) > 1:
            raise InputError(f"the columns of a table must be of one length; found {heights}")
        self._columns = {name: list(values) for name, values in columns.items()}

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Cell]]) -> Columns:
        """From one mapping per row; names come from all rows, a cell that a row lacks is None."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        return cls({name: [row.get(name) for row in rows] for name in names})

    def __getitem__(self, name: str) -> list[Cell]:
        if name not in self._columns:
            raise UnknownName("column", name, self._columns)
        return self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(next(iter(self._columns.values()), []))

    def rows(self) -> list[dict[str, Cell]]:
        """One mapping per row."""
        return [{name: values[i] for name, values in self._columns.items()} for i in range(self.height)]

    def numbers(self, name: str) -> list[float]:
        """One column as floats; an empty cell is NaN."""
        return [float("nan") if cell is None else float(cell) for cell in self[name]]

    def to_csv(self) -> str:
        """The table as CSV text; floats in full precision, None as an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self._columns)
        writer.writerows(
            [("" if cell is None else repr(float(cell)) if isinstance(cell, float) else cell) for cell in row.values()]
            for row in self.rows()
        )
        return text.getvalue()

    def to_parquet(self) -> bytes:
        """The table as an Apache Parquet file: whole numbers as int64, numbers as double, else text; None as null.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        arrow, parquet = _pyarrow()
        arrays = {name: arrow.array(*_typed(values, arrow)) for name, values in self._columns.items()}
        content = io.BytesIO()
        parquet.write_table(arrow.table(arrays), content)
        return content.getvalue()

    def save(self, path: Path) -> None:
        """Write the table whole or not at all: as Parquet where the file is called so (`.parquet`), else as CSV.

        Raises:
            MissingExtra: as `to_parquet`.
        """
        if path.suffix == PARQUET:
            write_bytes(path, self.to_parquet())
        else:
            write_text(path, self.to_csv())

    @classmethod
    def load(cls, path: Path) -> Columns:
        """Read a file as `save` writes it: numbers come back as numbers, empty cells as None.

        Raises:
            DataNotFound: no such file. BrokenFile: no table of this kind, or one of other things than numbers and text.
            MissingExtra: a Parquet file without pyarrow.
        """
        if not path.is_file():
            raise DataNotFound(f"there is no table at {path}")
        return cls._of_parquet(path) if path.suffix == PARQUET else cls._of_csv(path)

    @classmethod
    def _of_csv(cls, path: Path) -> Columns:
        try:
            with path.open(newline="", encoding="utf-8") as lines:
                header, *rows = list(csv.reader(lines)) or [[]]
        except (UnicodeDecodeError, csv.Error) as error:
            raise BrokenFile(f"{path} is not a CSV table in UTF-8: {error}") from error
        if any(len(row) != len(header) for row in rows):
            raise BrokenFile(f"{path} has rows that do not match its header of {len(header)} columns")
        return cls({name: [_cell(row[i]) for row in rows] for i, name in enumerate(header)})

    @classmethod
    def _of_parquet(cls, path: Path) -> Columns:
        arrow, parquet = _pyarrow()
        try:
            # not read_table, which takes folders called name=value for columns
            with parquet.ParquetFile(path) as opened:
                found: dict[str, list[Any]] = opened.read().to_pydict()
        except (arrow.ArrowException, OSError) as error:
            raise BrokenFile(f"{path} is not a Parquet table that can be read: {error}") from error
        for name, values in found.items():
            other = next((value for value in values if value is not None and type(value) not in (str, int, float)), None)
            if other is not None:
                raise BrokenFile(f"{path} has a column {name!r} of {type(other).__name__}; the cells of a table are numbers or text")
        return cls(found)

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame, where pandas is installed."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra("to_pandas", "pandas") from error
        return pd.DataFrame(self._columns)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("a Parquet table", "parquet") from error
    return pyarrow, pyarrow.parquet


def _typed(values: Sequence[Cell], arrow: Any) -> tuple[list[Cell], Any]:
    """Cells of one type, and that type: a column with a word in it is text, one without a cell holds numbers that are not there."""
    there = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in there):
        return [None if value is None else str(value) for value in values], arrow.string()
    if there and all(isinstance(value, int) and -(2**63) <= value < 2**63 for value in there):
        return list(values), arrow.int64()
    return [None if value is None else float(value) for value in values], arrow.float64()


def _cell(text: str) -> Cell:
    if text == "":
        return None
    if "_" in text:  # a name like 2020_01; Python would read the number 202001
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
