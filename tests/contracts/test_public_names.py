"""The public names are one sorted list, and the list is the truth."""

from __future__ import annotations

import pytest

import salquest
from salquest.models import MODELS
from salquest.models.deep.network import NETWORKS
from salquest.models.shipped import shipped_networks


def test_the_list_is_sorted_and_without_repeats() -> None:
    assert sorted(set(salquest.__all__)) == salquest.__all__


@pytest.mark.parametrize("name", salquest.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(salquest, name) is not None


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match="salquest has no 'predct'; it has: Fixations"):
        salquest.predct  # noqa: B018


def test_models_that_have_to_be_trained_are_the_networks() -> None:
    assert {name for name, card in MODELS.items() if card.build is None} == set(NETWORKS) - set(shipped_networks())
