"""Unmodified AWS clients get and refresh credentials with nothing but the two variables that a CI job has."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.credentials_clients import PYTHON_PROGRAM, aws_cli, javascript, job_environment, run, succeeded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.credentials_support import Watched

pytestmark = pytest.mark.e2e


def refreshing(vendor: Watched, command: list[str], job: str, folder: Path) -> list[dict[str, str]]:
    """Run a program that looks at its credentials three times, the last time when they are about to expire."""
    since = time.time() - 1
    environment = job_environment(vendor.job_variables(vendor.id_token(job_id=job)), folder)
    looks: list[dict[str, str]] = succeeded(run([*command, str(vendor.addresses["aws_endpoint"])], environment, folder))
    assert len(looks) == 3
    assert {"assumed-role" in look["arn"] for look in looks} == {True}
    vended = vendor.audited(job, since, 2)
    assert [entry["message"] for entry in vended] == ["credentials vended"] * 2, "one to start with, one refresh"
    return looks


def test_boto3_obtains_and_refreshes_credentials_with_the_two_variables_alone(warm: Watched, tmp_path: Path) -> None:
    looks = refreshing(warm, [sys.executable, "-c", PYTHON_PROGRAM], "71001", tmp_path)
    assert {look["method"] for look in looks} == {"container-role"}


def test_the_javascript_sdk_obtains_and_refreshes_credentials(warm: Watched, tmp_path: Path) -> None:
    refreshing(warm, javascript(tmp_path), "71002", tmp_path)


def test_the_aws_cli_obtains_credentials_each_time_it_runs(warm: Watched, tmp_path: Path) -> None:
    environment = job_environment(warm.job_variables(warm.id_token(job_id="71003")), tmp_path)
    since, before = time.time() - 1, warm.sts_calls()
    for _ in range(2):
        answer = succeeded(run(identity(warm), environment, tmp_path))
        assert "assumed-role" in answer["Arn"]
    assert len(warm.audited("71003", since, 2)) == 2
    assert warm.sts_calls() == before


def test_a_client_with_a_bad_token_is_told_so(warm: Watched, tmp_path: Path) -> None:
    bad = warm.bad_token({}, key="foreign")
    ended = run(identity(warm), job_environment(warm.job_variables(bad), tmp_path), tmp_path)
    assert ended.returncode != 0
    assert "401" in ended.stderr
    assert bad not in ended.stderr


def identity(vendor: Watched) -> list[str]:
    """Return the AWS CLI's command that tells who one is."""
    endpoint = ["--endpoint-url", str(vendor.addresses["aws_endpoint"]), "--region", "us-east-1", "--output", "json"]
    return [*aws_cli(), "sts", "get-caller-identity", *endpoint]
