"""What gitlab-runner's AWS SDK calls for the cache's credentials."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.terraform.runner_host.bootstrap_host import Host, hosting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with hosting(tmp_path) as host:
        host.settings(CACHE_AUTH="vended", CREDENTIALS_FUNCTION="ci-credentials:hosts")
        vend(host, minutes=60)
        yield host


def vend(host: Host, minutes: float, error: str = "None") -> str:
    """Have the credential vendor answer, and return what."""
    expiration = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "Version": 1,
        "AccessKeyId": "ASIACANARY",
        "SecretAccessKey": "CANARY",
        "SessionToken": "CANARY",
        "Expiration": expiration,
    }
    (host.folder / "vended").write_text(json.dumps(document))
    (host.folder / "function-error").write_text(error + "\n")
    return json.dumps(document)


def ask(host: Host, **variables: str) -> subprocess.CompletedProcess[str]:
    command, environment = host.command("cache-credentials")
    return subprocess.run(command, env=environment | variables, check=False, capture_output=True, text=True, timeout=30)


def test_the_vendors_document_is_printed_as_it_is(host: Host) -> None:
    expected = vend(host, minutes=60)
    answer = ask(host)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, expected, "")
    call = host.calls("aws lambda invoke")[0]
    assert "--function-name ci-credentials:hosts" in call
    payload = json.loads((host.root / "run/gitlab-runner-fleet/cache/payload.json").read_text())
    assert payload == {"version": 1, "grant": "cache", "parameters": {}}


@pytest.mark.parametrize(("minutes", "calls"), [(60, 1), (17, 1), (15, 3)])
def test_an_answer_is_kept_while_it_is_good_for_sixteen_minutes(host: Host, minutes: int, calls: int) -> None:
    vend(host, minutes)
    answers = {ask(host).stdout for _ in range(3)}
    assert len(answers) == 1
    assert len(host.calls("aws lambda invoke")) == calls


def test_a_functions_error_is_no_credentials(host: Host) -> None:
    vend(host, 60, error="Unhandled")
    answer = ask(host)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "Unhandled" in answer.stderr
    assert "CANARY" not in answer.stderr
    assert list((host.root / "run").rglob("answer.json")) == []


def test_a_call_that_fails_is_no_credentials(host: Host) -> None:
    host.stand_in("aws", "echo 'AccessDeniedException' >&2; exit 254")
    answer = ask(host)
    assert answer.returncode != 0
    assert answer.stdout == ""


def test_many_callers_at_once_ask_once(host: Host) -> None:
    command, environment = host.command("cache-credentials")
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    printed = {process.communicate(timeout=30)[0] for process in started}
    assert len(printed) == 1
    assert len(host.calls("aws lambda invoke")) == 1


def test_what_is_kept_is_roots_alone(host: Host) -> None:
    ask(host)
    kept = host.root / "run/gitlab-runner-fleet/cache"
    assert kept.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in kept.iterdir()} == {0}


def test_it_does_not_ask_itself_for_the_credentials_of_its_own_call(host: Host) -> None:
    behaviour = host.folder / "behaviour/aws"
    behaviour.write_text(
        'printf "%s|" "$AWS_CONFIG_FILE" "${AWS_PROFILE-unset}" >"$HOST/profile"\n' + behaviour.read_text()
    )
    ask(host, AWS_CONFIG_FILE="/etc/gitlab-runner-fleet/aws-config", AWS_PROFILE="cache")
    assert (host.folder / "profile").read_text() == "/dev/null|unset|"
