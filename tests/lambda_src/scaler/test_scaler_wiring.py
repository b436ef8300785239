"""Settings, entry point, sessions and threads."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common.http import CertificateBundleError
from common.secrets import SecretError, SecretStore
from common.settings import SettingsError
from scaler import handler
from scaler.call import Call
from scaler.capacity import Rules
from scaler.errors import ReadError
from scaler.gitlab import PauseError, stop_at_429
from scaler.matching import Runner
from scaler.model import Listing, Project
from scaler.observe import in_threads
from scaler.services import Configuration
from scaler.sessions import Sessions
from scaler.settings import Settings, TerminationSettings
from tests.lambda_src.scaler.fakes import START, FakeClock
from tests.lambda_src.scaler.standin import FakeParameters, StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {
    "FLEET": "blue",
    "LOG_LEVEL": "INFO",
    "AUTOSCALING_GROUP": "blue-runners",
    "STATE_TABLE": "blue-state",
    "QUEUE_URL": "https://queue",
    "SCHEDULE_FUNCTION": "blue-schedule",
    "GITLAB_URL": "https://gitlab.example.com",
    "GITLAB_TOKEN_PARAMETER": "/blue/token",
    "GITLAB_CA_PARAMETER": "",
    "GITLAB_CONNECTION_MAX_AGE_SECONDS": "900",
    "GITLAB_REQUESTS_PER_MINUTE": "300",
    "RUNNER_ID": "5",
    "RUNNER_TAGS": "linux, docker",
    "RUN_UNTAGGED": "true",
    "PROTECTED_ONLY": "false",
    "ACTIVITY_SINCE_HOURS": "4",
    "NARROW_TO_MEMBERSHIP": "true",
    "SLOTS_PER_INSTANCE": "2",
    "DRAIN_SECONDS": "1200",
    "IDLE_SECONDS": "1800",
    "ACTUATOR": "lambda",
    "IDLE_BUFFER": "1",
    "LOOK_AHEAD": "pipeline",
    "MAX_JOBS_PER_INSTANCE": "0",
    "MAX_SCALE_OUT_STEP": "0",
}


def test_the_environment_becomes_settings() -> None:
    assert Settings.parse(ENVIRONMENT) == Settings(
        fleet="blue",
        log_level="INFO",
        autoscaling_group="blue-runners",
        state_table="blue-state",
        queue_url="https://queue",
        schedule_function="blue-schedule",
        gitlab_url="https://gitlab.example.com",
        gitlab_token_parameter="/blue/token",
        gitlab_ca_parameter="",
        connection_max_age_seconds=900,
        configuration=Configuration(
            rules=Rules(slots=2, idle_seconds=1800, idle_buffer=1, looks_ahead=True),
            runner=Runner(frozenset({"linux", "docker"}), run_untagged=True, protected_only=False, id="5"),
            requests_per_minute=300,
            activity_seconds=14_400,
            narrow=True,
            drain_seconds=1200,
        ),
    )


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.parse({key: value for key, value in ENVIRONMENT.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACTUATOR", "both"),
        ("LOG_LEVEL", "LOUD"),
        ("SLOTS_PER_INSTANCE", "0"),
        ("GITLAB_REQUESTS_PER_MINUTE", "9"),
        ("IDLE_SECONDS", "-1"),
        ("RUN_UNTAGGED", "yes"),
        ("IDLE_BUFFER", "some"),
        ("LOOK_AHEAD", "far"),
        ("MAX_JOBS_PER_INSTANCE", "-1"),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.parse({**ENVIRONMENT, name: value})


def test_the_buffer_may_be_left_to_the_scaler() -> None:
    rules = Settings.parse({**ENVIRONMENT, "IDLE_BUFFER": "auto"}).configuration.rules
    assert (rules.tunes_buffer, rules.idle_buffer) == (True, 0)


def test_alarms_are_an_actuator() -> None:
    assert not Settings.parse({**ENVIRONMENT, "ACTUATOR": "alarms"}).configuration.rules.sets_capacity


def test_the_termination_policy_needs_little() -> None:
    variables = {"FLEET": "blue", "IDLE_SECONDS": "600", "LOG_LEVEL": "INFO", "STATE_TABLE": "blue-state"}
    assert TerminationSettings.parse(variables) == TerminationSettings("blue", "INFO", "blue-state", 600)


@dataclass
class Context:
    """Lambda's context object."""

    aws_request_id: str = "1234"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    handler._scaler.cache_clear()
    yield
    handler._scaler.cache_clear()
    root.handlers = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_environment")
def test_a_batch_without_a_usable_message_is_acknowledged(capsys: pytest.CaptureFixture[str]) -> None:
    handler.handle({"Records": [{"body": "?"}]}, Context())
    scaler, logs = handler._scaler()
    assert handler._scaler() == (scaler, logs)
    assert logs.request_id == "1234"


@pytest.mark.usefixtures("_environment")
def test_the_wired_client_reads_its_token_before_it_asks_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    services = handler._services(Settings.parse(ENVIRONMENT))
    client = services.connect(Call(10, time.time() + 5, time.time))
    with pytest.raises(ReadError, match="SSM parameter cannot be read: /blue/token"):
        client.jobs(1)


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ours")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def sessions(text: str, parameter: str = "/blue/ca") -> tuple[Sessions, FakeParameters, FakeClock]:
    clock = FakeClock()
    parameters = FakeParameters(text)
    secrets = SecretStore(lambda: parameters, clock)
    return Sessions(secrets, parameter, 900, pool_size=10, clock=clock), parameters, clock


def test_one_session_serves_all_until_the_ca_changes() -> None:
    made, parameters, clock = sessions(certificate())
    first = made.get()
    clock.sleep(120)
    assert made.get() is first
    parameters.text = certificate()
    clock.sleep(120)
    assert made.get() is not first


def test_without_a_ca_parameter_none_is_read() -> None:
    made, parameters, _ = sessions("", parameter="")
    session = made.get()
    assert session is made.get()
    assert session.hooks["response"] == [stop_at_429]
    assert parameters.reads == 0


def test_a_ca_that_is_none_is_said() -> None:
    made, _, _ = sessions("text")
    with pytest.raises(CertificateBundleError):
        made.get()


@pytest.mark.parametrize("error", [SecretError("no parameter"), CertificateBundleError("no PEM")])
def test_a_session_that_cannot_be_opened_is_unknown(error: Exception) -> None:
    def broken() -> Any:
        raise error

    standin = StandIn(FakeClock())
    client = standin.connect(standin.call())
    client._session = broken
    with pytest.raises(ReadError, match=str(error)):
        client.jobs(1)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("", 10.0), ("soon", 10.0)])
def test_the_pause_is_what_the_header_says(header: str, seconds: float) -> None:
    response = requests.Response()
    response.status_code = 429
    response.headers["Retry-After"] = header
    with pytest.raises(PauseError) as caught:
        stop_at_429(response)
    assert caught.value.seconds == seconds


def test_threads_run_at_the_same_time_and_answer_in_order() -> None:
    barrier = threading.Barrier(3, timeout=5)

    def task(number: int) -> Project:
        barrier.wait()
        return Project(number)

    tasks = [lambda n=n: task(n) for n in range(3)]
    assert in_threads(tasks, 5.0) == [Project(0), Project(1), Project(2)]


def test_a_task_that_takes_too_long_has_no_answer_and_holds_nothing_up() -> None:
    release = threading.Event()

    def slow() -> Listing:
        release.wait(5)
        return Listing()

    try:
        assert in_threads([slow, lambda: Project(1)], 0.05) == [None, Project(1)]
    finally:
        release.set()


def test_a_task_that_fails_in_an_unforeseen_way_has_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Project:
        raise ZeroDivisionError

    assert in_threads([broken], 5.0) == [None]
    assert "unforeseen" in caplog.text


def test_what_has_no_answer_is_unknown() -> None:
    from scaler.model import Scope, State  # noqa: PLC0415
    from scaler.observe import Observer  # noqa: PLC0415
    from scaler.schedule import Pick  # noqa: PLC0415
    from scaler.scope import Reach  # noqa: PLC0415

    clock = FakeClock()
    standin = StandIn(clock)
    observer = Observer(
        standin.connect(standin.call()),
        Runner(frozenset(), run_untagged=True),
        Reach(Scope(), 3600),
        clock,
        lambda tasks, _: [None] * len(tasks),
    )
    state = State(projects={1: Project(1, listed=True, pending=3, read_at=START - 60)})
    after = observer.observe(state, Pick((1,), lists=True), 10.0)
    assert after.projects[1] == replace(
        state.projects[1], attempted_at=START, failures=1, failure="it was not read within the deadline"
    )
    assert after.listing.failure == "it was not read within the deadline"
