"""A plan says everything that decides a run's numbers, and refuses what cannot be meant."""

from __future__ import annotations

import msgspec
import pytest

from salquest.errors import InputError, UnknownName
from salquest.training import TrainingPlan
from salquest.training.plan import plan_from


def test_equal_requests_become_equal_plans() -> None:
    assert TrainingPlan(loss="-nss + 10*kld-2*cc").resolved() == TrainingPlan(loss="10*kld - 2*cc - nss", activation="sigmoid").resolved()


def test_a_plan_survives_its_record() -> None:
    plan = TrainingPlan(loss="mse", decoder={"dropout": 0.5}).resolved()
    assert plan_from(plan.as_record(), where="here") == plan


@pytest.mark.parametrize(("activation", "bias"), [("sigmoid", -3.0), ("relu", 0.1), ("softmax", 0.0)])
def test_the_last_layer_starts_small_near_the_level_of_a_density_and_the_record_says_so(activation: str, bias: float) -> None:
    decoder = TrainingPlan(loss="kld", activation=activation).resolved().as_record()["decoder"]
    assert decoder == {"last_bias": bias, "last_scale": 0.1}


def test_the_record_names_what_a_network_changes_in_its_decoder_and_a_plan_may_change_it_again() -> None:
    resolved = TrainingPlan(loss="kld", network="sam-mobilenet", decoder={"width": 32}).resolved().decoder
    assert resolved == {"width": 32, "reduction": 1, "last_bias": -3.0, "last_scale": 0.1}


def test_a_plan_that_names_its_start_keeps_it() -> None:
    assert TrainingPlan(loss="kld", decoder={"last_scale": 1.0}).resolved().decoder == {"last_bias": -3.0, "last_scale": 1.0}


def test_the_encoder_learns_at_a_tenth_of_the_rate_where_nothing_is_said() -> None:
    assert TrainingPlan(loss="mse", lr=0.02).resolved().encoder_lr == pytest.approx(0.002)


def test_an_unknown_setting_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match=r"no setting of a run \(recipe x\) is called 'epoch' \(did you mean 'epochs'\?\)"):
        plan_from({"loss": "mse", "epoch": 3}, where="recipe x")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epochs": 0}, "epochs must be 1 or more; found 0"),
        ({"lr": -1.0}, "lr must be above 0; found -1.0"),
        ({"warmup": 1.0}, "warmup must be a share of the steps"),
        ({"activation": "softmax"}, "mse cannot be had from a softmax map"),
        ({"size": (16, 16)}, "size must be 32 pixels or more"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(settings: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        msgspec.structs.replace(TrainingPlan(loss="mse"), **settings).resolved()


def test_a_value_of_the_wrong_kind_names_its_place() -> None:
    with pytest.raises(InputError, match=r"run 'a': Expected `int`, got `str` - at `\$.epochs`"):
        plan_from({"loss": "mse", "epochs": "many"}, where="run 'a'")


@pytest.mark.parametrize(("field", "value"), [("network", "brukert"), ("encoder", "mobilenet")])
def test_unknown_parts_are_named_with_the_nearest(field: str, value: str) -> None:
    with pytest.raises(UnknownName, match="did you mean"):
        TrainingPlan(loss="mse", **{field: value}).resolved()
