from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from common.secrets import SecretError, SecretStore

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "/fleet/secret"
OTHER = "/fleet/other"
OUTAGES = [
    pytest.param(ConnectTimeoutError(endpoint_url="https://ssm"), id="out of reach"),
    pytest.param(ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameters"), id="throttled"),
]


@dataclass
class FakeSsm:
    """Parameter Store as a dict; counts calls, and fails while `error` is set."""

    parameters: dict[str, str]
    error: Exception | None = None
    calls: list[list[str]] = field(default_factory=list)

    def get_parameters(self, *, Names: Sequence[str], WithDecryption: bool) -> Any:  # noqa: N803 - as in boto3
        assert WithDecryption
        self.calls.append(list(Names))
        if self.error:
            raise self.error
        found = [{"Name": name, "Value": self.parameters[name]} for name in Names if name in self.parameters]
        return {"Parameters": found, "InvalidParameters": [n for n in Names if n not in self.parameters]}


@dataclass
class FakeClock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ssm() -> FakeSsm:
    return FakeSsm({NAME: "old", OTHER: "other"})


@pytest.fixture
def store(ssm: FakeSsm, clock: FakeClock) -> SecretStore:
    return SecretStore(lambda: ssm, clock)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one", ("one",), id="one"),
        pytest.param("one\ntwo", ("one", "two"), id="two"),
        pytest.param("\n one \r\n\n two\n", ("one", "two"), id="space around"),
    ],
)
def test_each_line_is_a_value(store: SecretStore, ssm: FakeSsm, text: str, expected: tuple[str, ...]) -> None:
    ssm.parameters[NAME] = text
    assert store.values(NAME) == expected


@pytest.mark.parametrize(("text", "count"), [(" \n", 0), ("canary\nb\nc", 3)])
def test_no_value_or_too_many_are_an_error_that_does_not_show_them(
    store: SecretStore, ssm: FakeSsm, text: str, count: int
) -> None:
    ssm.parameters[NAME] = text
    with pytest.raises(SecretError, match=f"{NAME} holds {count} values") as caught:
        store.values(NAME)
    assert "canary" not in str(caught.value)


def test_a_text_is_returned_as_it_is(store: SecretStore, ssm: FakeSsm) -> None:
    ssm.parameters[NAME] = "a\nb\nc\nd\n"
    assert store.text(NAME) == "a\nb\nc\nd\n"


def test_a_value_is_held_for_its_life_and_then_read_anew(store: SecretStore, ssm: FakeSsm, clock: FakeClock) -> None:
    store.values(NAME)
    ssm.parameters[NAME] = "new"
    clock.now += 59.9
    assert store.values(NAME) == ("old",)
    clock.now += 0.1
    assert store.values(NAME) == ("new",)
    assert len(ssm.calls) == 2


def test_a_clock_that_went_backwards_makes_a_value_old(store: SecretStore, ssm: FakeSsm, clock: FakeClock) -> None:
    store.values(NAME)
    clock.now -= 1
    store.values(NAME)
    assert len(ssm.calls) == 2


def test_several_parameters_cost_one_call(store: SecretStore, ssm: FakeSsm) -> None:
    store.load(NAME, OTHER, NAME)
    assert (store.values(NAME), store.values(OTHER)) == (("old",), ("other",))
    assert ssm.calls == [[NAME, OTHER]]


def test_only_what_is_not_fresh_is_read(store: SecretStore, ssm: FakeSsm) -> None:
    store.values(OTHER)
    store.load(NAME, OTHER)
    assert ssm.calls == [[OTHER], [NAME]]


def test_a_refused_value_is_forgotten(store: SecretStore, ssm: FakeSsm) -> None:
    store.values(NAME)
    ssm.parameters[NAME] = "new"
    store.invalidate(NAME)
    store.invalidate("/never/read")
    assert store.values(NAME) == ("new",)


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("life_seconds", [60, 900], ids=["webhook", "scaler"])
def test_while_ssm_fails_the_last_value_serves_for_ten_minutes_more(
    ssm: FakeSsm, clock: FakeClock, outage: Exception, caplog: pytest.LogCaptureFixture, life_seconds: float
) -> None:
    store = SecretStore(lambda: ssm, clock, life_seconds)
    store.values(NAME)
    ssm.error = outage
    clock.now += life_seconds + 599
    assert store.values(NAME) == ("old",)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert NAME in caplog.records[0].__dict__["reason"]
    clock.now += 5
    with pytest.raises(SecretError, match=f"SSM parameter cannot be read: {NAME} "):
        store.values(NAME)


def test_while_ssm_fails_it_is_asked_every_five_seconds_only(
    store: SecretStore, ssm: FakeSsm, clock: FakeClock
) -> None:
    store.values(NAME)
    ssm.error = ConnectTimeoutError(endpoint_url="https://ssm")
    clock.now += 60
    store.values(NAME)
    clock.now += 4.9
    store.values(NAME)
    assert len(ssm.calls) == 2
    ssm.error, ssm.parameters[NAME] = None, "new"
    clock.now += 0.1
    assert store.values(NAME) == ("new",)


@pytest.mark.parametrize("outage", OUTAGES)
def test_without_a_held_value_a_failure_is_an_error(store: SecretStore, ssm: FakeSsm, outage: Exception) -> None:
    ssm.error = outage
    with pytest.raises(SecretError, match="ssm:GetParameters"):
        store.values(NAME)


def test_one_value_that_is_not_held_makes_the_failure_of_both(
    store: SecretStore, ssm: FakeSsm, clock: FakeClock
) -> None:
    store.values(NAME)
    clock.now += 60
    ssm.error = ConnectTimeoutError(endpoint_url="https://ssm")
    with pytest.raises(SecretError, match=OTHER):
        store.load(NAME, OTHER)


def test_a_deleted_parameter_is_an_error_at_once_and_nothing_old_is_used(
    store: SecretStore, ssm: FakeSsm, clock: FakeClock
) -> None:
    store.values(NAME)
    del ssm.parameters[NAME]
    clock.now += 60
    with pytest.raises(SecretError, match=f"SSM parameter does not exist: {NAME}"):
        store.values(NAME)


def test_names_that_ssm_calls_invalid_are_an_error(clock: FakeClock) -> None:
    client = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        stubber.add_response("get_parameters", {"Parameters": [], "InvalidParameters": [NAME]})
        with pytest.raises(SecretError, match=f"does not exist: {NAME}"):
            SecretStore(lambda: client, clock).values(NAME)
    client.close()


def test_the_request_is_one_that_ssm_takes(clock: FakeClock) -> None:
    client = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    answer: Any = {"Parameters": [{"Name": NAME, "Type": "SecureString", "Value": "v"}]}
    with Stubber(client) as stubber:
        stubber.add_response("get_parameters", answer, {"Names": [NAME], "WithDecryption": True})
        assert SecretStore(lambda: client, clock).values(NAME) == ("v",)
    client.close()
