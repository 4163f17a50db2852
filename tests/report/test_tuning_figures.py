"""Figures of a search are drawn for what they will meet: one trial, none that finished, fronts of one, many metrics."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from salquest.report import ColumnSpec, TrialPoint, front_figure, search_figure

CC, KL, NSS = ColumnSpec("cc", "CC", "up"), ColumnSpec("kl", "KL", "down", "nat"), ColumnSpec("nss", "NSS", "up")


def points(number: int, *, lost: tuple[int, ...] = (), searched: tuple[str, ...] = ("cc", "nss")) -> list[TrialPoint]:
    return [
        TrialPoint(
            i,
            {} if i in lost else {"cc": 0.5 + 0.01 * i, "kl": 1.0 + 0.02 * i, "nss": 2.0 - 0.1 * i},
            dict.fromkeys(searched, 0.1 * 2**i),
            "collapsed" if i in lost else "finished",
        )
        for i in range(number)
    ]


def size(content: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(content)).size


@pytest.mark.parametrize("lost", [(), (0,), (1, 2), (0, 1, 2, 3, 4)])
def test_a_search_is_drawn_whoever_was_lost(lost: tuple[int, ...]) -> None:
    assert size(search_figure(points(5, lost=lost), CC)) == size(search_figure(points(5), KL))


def test_every_searched_number_has_a_panel() -> None:
    one, three, five = (size(search_figure(points(3, searched=("lr", "a", "b", "c")[:number]), CC)) for number in (1, 3, 4))
    assert one[0] < five[0]
    assert one[1] < three[1] == five[1]


@pytest.mark.parametrize("number", [1, 2, 6])
def test_fronts_of_two_and_three_metrics_are_drawn(number: int) -> None:
    two, three = (front_figure(points(number), columns, range(number)) for columns in ([CC, KL], [CC, KL, NSS]))
    assert size(three)[0] > 2 * size(two)[0]


def test_a_front_without_a_trial_is_an_empty_panel() -> None:
    assert size(front_figure(points(2, lost=(0, 1)), [CC, KL], [])) == size(front_figure(points(2), [CC, KL], [0, 1]))


def test_ticks_of_weights_are_plain_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from salquest.report import tuning_figures

    drawn: list[list[str]] = []

    def keep(figure: object) -> bytes:
        figure.canvas.draw()  # type: ignore[attr-defined]
        drawn.extend([label.get_text() for label in axis.get_xticklabels()] for axis in figure.axes)  # type: ignore[attr-defined]
        return b""

    monkeypatch.setattr(tuning_figures, "png_bytes", keep)
    search_figure(points(8, searched=("cc",)), CC)
    assert {"0.3", "1", "3"} <= set(drawn[1])
