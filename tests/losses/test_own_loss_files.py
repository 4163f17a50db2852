"""Losses from a user's own file: found beside the packaged ones, and every way to get the file wrong has its sentence."""

from __future__ import annotations

import re

import pytest
import torch

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.losses import LOSSES, Objective, Targets, own_losses, parse

ROOT_MEAN_SQUARE = '''
from salquest.losses import LossCard

def rms(values, saliency, *, power: float = 0.5):
    """Root of the mean squared error."""
    return (values - saliency).square().mean(dim=(-2, -1)) ** power

LOSSES = {"rms": LossCard(rms, "unit", "saliency", "down", "pixel", "0..1", "mine", "root mean squared error")}
'''


def file_of(tmp_path, text: str):
    path = tmp_path / "my_losses.py"
    path.write_text(text)
    return path


def test_an_own_loss_stands_in_a_sum_with_the_packaged_ones(tmp_path):
    losses = own_losses(file_of(tmp_path, ROOT_MEAN_SQUARE))
    assert losses.keys() == LOSSES.keys() | {"rms"}
    expression = parse("2*rms(power=0.25) - cc", losses=losses)
    looked = Targets(torch.full((1, 2, 2), 0.25), torch.ones(1, 2, 2))
    parts = Objective(expression, "sigmoid", losses)(torch.zeros(1, 2, 2), looked)
    assert str(expression) == "2*rms(power=0.25) - cc"
    assert parts["rms(power=0.25)"].item() == pytest.approx(2 * 0.25**0.25)


def test_the_packaged_catalogue_stays_as_it_was(tmp_path):
    own_losses(file_of(tmp_path, ROOT_MEAN_SQUARE))
    assert "rms" not in LOSSES
    assert not list(tmp_path.glob("**/*.pyc"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(
        DataNotFound, match=r"there is no file .*nothing\.py with losses of your own; it is a Python file that defines LOSSES"
    ):
        own_losses(tmp_path / "nothing.py")


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("x = 1", InputError, "should define LOSSES = {'name': LossCard(...)} at its top level; found nothing of that name"),
        ("LOSSES = [1]", InputError, "found a list of that name"),
        ("LOSSES = {'mine': print}", InputError, "LOSSES['mine'] should be a salquest.losses.LossCard; found a builtin_function_or_method"),
        ("from salquest.losses import LOSSES as L\nLOSSES = {'mse': L['ae']}", InputError, "'mse' is the name of a packaged loss"),
        ("from salquest.losses import LOSSES as L\nLOSSES = {'my-loss': L['ae']}", InputError, "letters, digits and underscores"),
        ("from salquest.losses import LOSSES as L\nLOSSES = {'ramp': L['ae']}", InputError, "not ramp or step; found 'ramp'"),
        ("1 / 0", BrokenFile, "cannot be executed: ZeroDivisionError: division by zero"),
        ("def", BrokenFile, "cannot be executed: SyntaxError: invalid syntax"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_its_sentence(tmp_path, text, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)):
        own_losses(file_of(tmp_path, text))
