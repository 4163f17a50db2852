"""Weighted sums of losses: read, checked, printed canonically; every way to get one wrong has its sentence."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salquest.errors import InputError, UnknownName
from salquest.losses import LOSSES, PRESETS, Term, Weight, parse


def blurred(prediction, density, *, sigma: float = 2.0, border: str = "lost", printed: bool = False, times: int = 1, lambda_: float = 1.0):
    """A loss with an argument of each kind, for the parser only."""


WITH_ARGUMENTS = {**LOSSES, "blurred": replace(LOSSES["kld"], compute=blurred)}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10*kld - 2*cc - nss", "10*kld - 2*cc - nss"),
        ("-nss-2*cc+10*kld", "10*kld - 2*cc - nss"),
        ("  1.0 * mse ", "mse"),
        ("+kld", "kld"),
        ("-1*nss", "-nss"),
        (".5*bce + 5e-1*mse", "0.5*bce + 0.5*mse"),
        ("kld(eps=1e-7)", "kld"),
        ("kld( eps = .001 ,)", "kld(eps=0.001)"),
        ("2*kld(eps=1e-3) + kld", "2*kld(eps=0.001) + kld"),
        ("1e-7*mse + 1e20*kld", "1e+20*kld + 1e-07*mse"),
    ],
)
def test_a_sum_is_printed_canonically(text, canonical):
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("blurred(printed=true, sigma=3)", "blurred(printed=true, sigma=3)"),
        ("blurred(border='reflect')", "blurred(border='reflect')"),
        ('blurred(border="it\'s")', 'blurred(border="it\'s")'),
        ("blurred(sigma=-1.5, printed=False)", "blurred(sigma=-1.5)"),
        ("blurred(times=3, lambda=0.25)", "blurred(lambda=0.25, times=3)"),
        ("sigmse(lambda=0.25) + sigmse(lambda=0.55)", "sigmse + sigmse(lambda=0.25)"),
        ("focal(form='lin')", "focal(form='lin')"),
    ],
)
def test_arguments_are_printed_by_name_and_only_where_they_differ_from_the_default(text, canonical):
    assert str(parse(text, losses=WITH_ARGUMENTS)) == canonical


def test_a_sum_is_terms_with_signed_weights():
    assert parse("10*kld(eps=1e-3) - nss").terms == (Term("kld", Weight(10.0), (("eps", 0.001),)), Term("nss", Weight(-1.0)))


weights = st.floats(min_value=1e-300, max_value=1e300)
texts = st.text(st.characters(exclude_characters="'\""), max_size=5).map(lambda text: f"'{text}'")
arguments = st.fixed_dictionaries(
    {},
    optional={
        "sigma": st.floats(-1e9, 1e9).map(repr),
        "border": texts,
        "printed": st.sampled_from(["true", "false"]),
        "times": st.integers(-9, 9).map(str),
        "lambda": st.floats(0, 1).map(repr),
    },
)
schedules = st.builds(
    "{}({!r}, {!r}, {}={!r})".format, st.just("ramp"), st.just(0.0) | weights, weights, st.just("epochs"), weights
) | st.builds("{}({!r}, {!r}, {}={!r})".format, st.just("step"), weights, st.just(0.0) | weights, st.just("epoch"), weights)


@st.composite
def sums(draw) -> list[str]:
    """The terms of a sum, each with its sign, in any order."""
    names = draw(st.lists(st.sampled_from(sorted(WITH_ARGUMENTS)), min_size=1, unique=True))
    called = {
        "blurred": "(" + ", ".join(f"{key}={value}" for key, value in draw(arguments).items()) + ")",
        "kld": f"(eps={draw(weights)!r})",
    }
    signs = {"up": "-", "down": "+"}
    return [
        f"{signs[WITH_ARGUMENTS[name].direction]} {draw(weights.map(repr) | schedules)} * {name}{called.get(name, '')}" for name in names
    ]


@given(sums())
def test_what_is_printed_parses_back_equal(terms):
    expression = parse(" ".join(terms), losses=WITH_ARGUMENTS)
    assert parse(str(expression), losses=WITH_ARGUMENTS) == expression


@given(sums(), st.randoms(use_true_random=False))
def test_the_same_sum_in_any_order_prints_alike(terms, draw):
    other = draw.sample(terms, len(terms))
    assert str(parse(" ".join(other), losses=WITH_ARGUMENTS)) == str(parse(" ".join(terms), losses=WITH_ARGUMENTS))


def test_two_weights_that_differ_in_their_last_digit_do_not_print_alike():
    assert str(parse("0.30000000000000004*kld")) != str(parse("0.3*kld"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a loss is a weighted sum such as '10*kld - 2*cc - nss'; found nothing"),
        ("   ", "found nothing"),
        ("+", "'+' ends where a loss was expected"),
        ("10*", "'10*' ends where a loss was expected"),
        ("10", "'10' ends where * and a loss was expected"),
        ("10 kld", "'10 kld': a * and the name of a loss were expected after 10"),
        ("10kld", "'10kld' cannot be read at '10kld': no such number in a weighted sum like '10*kld - 2*cc - nss'"),
        ("1.2.3*kld", "cannot be read at '1.2.3*kld': no such number"),
        ("kld - 2*cc & nss", "cannot be read at '& nss': no such sign"),
        ("2*3*kld", "the name of a loss was expected; found '3'"),
        ("kld cc", "a + or - was expected before 'cc'"),
        ("kld - - nss", "the name of a loss was expected; found '-'"),
        ("kld + (cc)", "the name of a loss was expected; found '('"),
        ("+cc", "+cc would push cc down, and more cc is better; write -cc to raise it"),
        ("kld + 2*nss", "+nss would push nss down, and more nss is better; write -nss to raise it"),
        ("-2*kld", "-kld would push kld up, and less kld is better; write +kld to lower it"),
        ("0*kld", "the weight of kld is 0; leave the term out, or give it a finite weight"),
        ("1e999*kld", "the weight of kld is inf; leave the term out, or give it a finite weight"),
        ("kld + 2*kld", "kld stands twice in 'kld + 2*kld'; add its weights up"),
        ("kld(eps=1e-7) + kld", "kld stands twice"),
        ("kld(", "'kld(' ends where an argument was expected"),
        ("kld(eps", "'kld(eps' ends where = was expected"),
        ("kld(eps)", "arguments are written name=value; found 'eps' in kld(...)"),
        ("kld(1=2)", "arguments are written name=value; found '1' in kld(...)"),
        ("kld(eps=)", "eps in kld(...) wants a number, a 'text', or true or false; found ')'"),
        ("kld(eps=", "'kld(eps=' ends where a value was expected"),
        ("kld(eps=1e-3 nss", "a comma or ) was expected after eps in kld(...)"),
        ("kld(eps=1e-3", "a comma or ) was expected after eps in kld(...)"),
        ("kld(ep=1)", "kld has no argument 'ep' (did you mean 'eps'?); it has: eps, order, norm, maxnorm, norm_eps"),
        ("mse(eps=1)", "mse has no argument 'eps'; it has: none"),
        ("kld(eps=1, eps=2)", "eps is given twice in kld(...)"),
        ("kld(eps=true)", "eps in kld(...) is true; its default is 1e-07, so give a value of that kind"),
        ("kld(eps='small')", "eps in kld(...) is 'small'; its default is 1e-07, so give a value of that kind"),
        ("blurred(border=3)", "border in blurred(...) is 3; its default is 'lost', so give a value of that kind"),
        ("blurred(printed=1)", "printed in blurred(...) is 1; its default is false, so give a value of that kind"),
        ("blurred(border='lost)", "cannot be read at"),
        ("blurred(times=1.5)", "times in blurred(...) is 1.5; it is a whole number, 1 by default"),
        ("blurred(lambda_=1)", "blurred has no argument 'lambda_' (did you mean 'lambda'?)"),
        ("focal(form='printd')", "form in focal(...) is 'printd' (did you mean 'printed'?); it is one of: meant, printed, lin"),
        ("ramp(0, 1, epochs=5)", "ends where * and a loss was expected"),
        ("ramp(0, 1, epochs=5)*cc", "+cc would push cc down"),
        ("kld - ramp(0, 1, epoch=5)*cc", "a weight that changes is written ramp(0, 1, epochs=5); found 'epoch' before 'epochs'"),
        ("kld - ramp(0, 1)*cc", "a weight that changes is written ramp(0, 1, epochs=5); found ')' before ','"),
        ("kld - ramp(0, -1, epochs=5)*cc", "ramp(first, final, epochs=...) holds numbers without a sign; found '-'"),
        ("kld - step(0, 1, epoch=0)*cc", "epoch of step(...) is 0; it is a number greater than 0"),
        ("kld - step(0, 0, epoch=2)*cc", "the weight of cc is 0; leave the term out"),
        ("kld - step(0, 1, epoch=2 cc", "a ) was expected at the end of step(0, 1, epoch=5)"),
        ("mse - lc1", "lc1 is a whole sum, 10*kld - 2*cc - nss; it takes a positive number as its weight"),
        ("ramp(0, 1, epochs=2)*lc1", "lc1 is a whole sum"),
        ("lc1 + kld", "kld stands twice in 'lc1 + kld'; add its weights up"),
    ],
)
def test_a_sum_that_cannot_be_meant_is_refused_by_its_sentence(text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        parse(text, losses=WITH_ARGUMENTS)


def test_an_unknown_loss_is_refused_with_the_nearest_and_all_names():
    with pytest.raises(UnknownName, match=r"no loss is called 'kdl' \(did you mean 'kld'\?\); there are: ae, auc, bce, "):
        parse("10*kdl - nss")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("kld - ramp(0.0, 2, epochs=5.0)*nss", "-ramp(0, 2, epochs=5)*nss + kld"),
        ("step(1, .5, epoch=3)*mse", "step(1, 0.5, epoch=3)*mse"),
        ("ramp(2, 2, epochs=5)*mse", "2*mse"),
        ("step(3, 0, epoch=1)*mse + 0.1*kld", "0.1*kld + step(3, 0, epoch=1)*mse"),
    ],
)
def test_a_weight_that_changes_is_printed_canonically_and_counts_by_its_end(text, canonical):
    assert str(parse(text)) == canonical


def test_a_ramp_rises_evenly_and_then_stays():
    (term,) = parse("-ramp(1, 3, epochs=4)*nss").terms
    assert [term.weight.at(epoch) for epoch in (0, 1, 2.5, 4, 9, float("inf"))] == [-1, -1.5, -2.25, -3, -3, -3]


def test_a_step_is_taken_when_its_epoch_begins():
    (term,) = parse("step(0, 2, epoch=3)*mse").terms
    assert [term.weight.at(epoch) for epoch in (0, 2.999, 3, 3.5)] == [0, 0, 2, 2]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_prints_its_canonical_expression(name):
    assert str(parse(name)) == str(parse(PRESETS[name].expression))
    assert parse(str(parse(name))) == parse(f" {name} ")


def test_presets_of_one_word_stand_among_other_terms():
    assert str(parse("2*lc1 + df")) == "20*kld - 4*cc - 2*nss + df"
    assert str(parse("lc1 + r")) == str(parse("lc1r"))


def test_a_loss_goes_before_a_preset_of_the_same_name():
    assert str(parse("lc1", losses={**LOSSES, "lc1": LOSSES["mse"]})) == "lc1"
