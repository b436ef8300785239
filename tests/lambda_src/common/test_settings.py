from __future__ import annotations

import pytest

from common.settings import Environment, SettingsError


def environment(value: str) -> Environment:
    return Environment({"NAME": value})


def test_text_is_returned_without_surrounding_space() -> None:
    assert environment(" a b ").text("NAME") == "a b"


@pytest.mark.parametrize("read", ["text", "integer", "flag"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_variable_fails_by_name(read: str, value: str) -> None:
    with pytest.raises(SettingsError, match="environment variable NAME is empty"):
        getattr(environment(value), read)("NAME")


@pytest.mark.parametrize("read", ["text", "optional", "integer", "flag", "words"])
def test_a_missing_variable_fails_by_name(read: str) -> None:
    with pytest.raises(SettingsError, match="environment variable NAME is missing"):
        getattr(Environment({}), read)("NAME")


@pytest.mark.parametrize(("value", "expected"), [("", ""), ("x", "x")])
def test_an_optional_variable_may_be_empty(value: str, expected: str) -> None:
    assert environment(value).optional("NAME") == expected


@pytest.mark.parametrize(("value", "minimum", "expected"), [("0", 0, 0), ("10", 10, 10), ("-3", -5, -3), ("007", 0, 7)])
def test_an_integer_is_read(value: str, minimum: int, expected: int) -> None:
    assert environment(value).integer("NAME", minimum) == expected


@pytest.mark.parametrize("value", ["x", "1.5", "1_000", "\u0661", "²", "+1", "--1", "1 2", "-"])
def test_anything_else_is_no_integer(value: str) -> None:
    with pytest.raises(SettingsError, match="NAME must be a whole number, not"):
        environment(value).integer("NAME")


@pytest.mark.parametrize(("value", "minimum"), [("-1", 0), ("9", 10)])
def test_an_integer_has_a_minimum(value: str, minimum: int) -> None:
    with pytest.raises(SettingsError, match=f"NAME must be at least {minimum}, not {value}"):
        environment(value).integer("NAME", minimum)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False)])
def test_a_flag_is_true_or_false(value: str, expected: bool) -> None:
    assert environment(value).flag("NAME") is expected


@pytest.mark.parametrize("value", ["True", "1", "yes", "no"])
def test_a_flag_is_nothing_else(value: str) -> None:
    with pytest.raises(SettingsError, match=f"NAME must be one of true, false, not '{value}'"):
        environment(value).flag("NAME")


@pytest.mark.parametrize(
    ("value", "expected"), [("", ()), ("a", ("a",)), (" a , b,,c d ", ("a", "b", "c d")), (",", ())]
)
def test_words_are_separated_by_commas(value: str, expected: tuple[str, ...]) -> None:
    assert environment(value).words("NAME") == expected


def test_a_choice_is_one_of_the_allowed_words() -> None:
    assert environment("alarms").choice("NAME", ("lambda", "alarms")) == "alarms"


def test_any_other_choice_is_refused() -> None:
    with pytest.raises(SettingsError, match="NAME must be one of lambda, alarms, not 'x'"):
        environment("x").choice("NAME", ("lambda", "alarms"))
