from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from common import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("webhook.test_telemetry")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers, root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_the_common_fields(stream: io.StringIO) -> None:
    logs = telemetry.configure("blue", "INFO", stream)
    logs.request_id = "request-1"
    log.info("%s jobs", 3, extra={"project_id": 42})
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("+00:00")
    assert line.pop("location").startswith("webhook.test_telemetry.test_a_line_is_one_json_object")
    assert line == {
        "level": "INFO",
        "message": "3 jobs",
        "fleet": "blue",
        "function_request_id": "request-1",
        "project_id": 42,
    }


def test_what_the_message_came_with_is_on_every_line_but_one_that_names_its_own(stream: io.StringIO) -> None:
    logs = telemetry.configure("blue", "INFO", stream)
    logs.correlation_ids = ("delivery-1", "tick-2026-11-22T03:00:00Z")
    log.info("x")
    log.info("y", extra={"correlation_id": "delivery-2"})
    assert [line["correlation_id"] for line in lines(stream)] == [list(logs.correlation_ids), "delivery-2"]


def test_a_message_stays_text_though_it_looks_like_json(stream: io.StringIO) -> None:
    telemetry.configure("blue", "INFO", stream)
    log.info('{"level": "forged"}')
    assert lines(stream)[0]["message"] == '{"level": "forged"}'


@pytest.mark.filterwarnings("ignore:POWERTOOLS_DEV")
def test_the_switches_for_debugging_do_nothing(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POWERTOOLS_DEV", "POWERTOOLS_LOGGER_LOG_EVENT"):
        monkeypatch.setenv(name, "true")
    telemetry.configure("blue", "INFO", stream)
    log.info("x", extra={"a": {"b": 1}})
    assert len(stream.getvalue().splitlines()) == 1


def test_the_timestamp_is_utc_with_milliseconds(stream: io.StringIO) -> None:
    record = logging.makeLogRecord({"created": 1_795_316_400.25, "msg": "x"})
    line = json.loads(telemetry.JsonFormatter("blue").format(record))
    assert line["timestamp"] == "2026-11-22T03:00:00.250+00:00"


def test_an_exception_stays_on_one_line(stream: io.StringIO) -> None:
    telemetry.configure("blue", "INFO", stream)
    try:
        raise ValueError("first\nsecond")  # noqa: TRY301
    except ValueError:
        log.exception("it failed")
    (line,) = lines(stream)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: first\nsecond")
    assert (line["exception_name"], "stack_trace" in line) == ("ValueError", False)


def test_a_line_end_in_a_message_cannot_forge_a_line(stream: io.StringIO) -> None:
    telemetry.configure("blue", "INFO", stream)
    log.info('x\n{"level": "forged"}\u2028y')
    assert [line["level"] for line in lines(stream)] == ["INFO"]


def test_extra_fields_cannot_replace_the_common_ones(stream: io.StringIO) -> None:
    telemetry.configure("blue", "INFO", stream)
    log.info("x", extra={"fleet": "forged", "level": "forged", "function_request_id": "forged", "what": {1, 2}})
    (line,) = lines(stream)
    assert (line["fleet"], line["level"], line["what"]) == ("blue", "INFO", "{1, 2}")
    assert line["function_request_id"] == ""


def test_libraries_log_warnings_only_and_we_from_our_level_on(stream: io.StringIO) -> None:
    telemetry.configure("blue", "DEBUG", stream)
    logging.getLogger("botocore.test").info("chatter")
    logging.getLogger("botocore.test").warning("trouble")
    log.debug("detail")
    assert [line["message"] for line in lines(stream)] == ["trouble", "detail"]


def test_configuring_twice_does_not_write_twice(stream: io.StringIO) -> None:
    telemetry.configure("blue", "INFO", stream)
    telemetry.configure("blue", "INFO", stream)
    log.info("once")
    assert len(lines(stream)) == 1


def test_lines_go_to_standard_output(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("blue", "INFO")
    log.info("seen")
    assert json.loads(capsys.readouterr().out)["message"] == "seen"
