"""How the checks of a deployed fleet end, and what they say."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tools.local.stack import ROOT
from tools.smoke.__main__ import main
from tools.smoke.fleet import Fleet
from tools.smoke.model import FAILED, NOT_TRIED, OK, Check, FailedError, NotTriedError, Result, SmokeError
from tools.smoke.run import CHECKS, line, outcome, run, summary

NO_AWS = Fleet("ci", lambda service: pytest.fail(f"{service} was used"))


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeAlarms")


def ending(error: Exception) -> Result:
    def look(fleet: Fleet) -> str:
        raise error

    return outcome(NO_AWS, Check("it", look))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(FailedError("broken", "mend it"), FAILED, id="the check failed"),
        pytest.param(NotTriedError("no such part"), NOT_TRIED, id="nothing to check"),
        pytest.param(refused("AccessDenied"), NOT_TRIED, id="not allowed to look"),
        pytest.param(refused("UnauthorizedOperation"), NOT_TRIED, id="not allowed by EC2"),
        pytest.param(refused("ResourceNotFoundException"), FAILED, id="it is not there"),
        pytest.param(EndpointConnectionError(endpoint_url="https://x"), FAILED, id="AWS does not answer"),
        pytest.param(KeyError("Timeout"), FAILED, id="the answer lacks something"),
    ],
)
def test_what_cannot_be_seen_is_never_ok(error: Exception, status: str) -> None:
    assert ending(error).status == status


def test_a_failed_check_says_what_to_do() -> None:
    assert "→ mend it" in line(ending(FailedError("broken", "mend it")))


def test_nothing_is_changed_without_being_asked() -> None:
    changing = Check("boot", lambda fleet: pytest.fail("changed"), is_change=True)
    shown: list[str] = []
    results = run(NO_AWS, [changing, Check("look", lambda fleet: "seen")], shown.append, changes=False)
    assert [result.status for result in results] == [NOT_TRIED, OK]
    assert len(shown) == 2
    assert summary(results) == "1 ok, 0 failed, 1 not tried"


def test_a_change_that_is_asked_for_is_made() -> None:
    changing = Check("boot", lambda fleet: "booted", is_change=True)
    assert [result.status for result in run(NO_AWS, [changing], lambda text: None, changes=True)] == [OK]


def test_a_fleet_that_is_not_there_ends_the_run_with_a_sentence() -> None:
    def look(fleet: Fleet) -> str:
        raise SmokeError("no such group")

    with pytest.raises(SmokeError):
        outcome(NO_AWS, Check("it", look))


def test_one_check_alone_changes_something() -> None:
    assert [check.name for check in CHECKS if check.is_change] == ["boot"]
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_without_a_fleet_and_a_stack_the_way_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "no-such-stack"]) == 2
    assert "run make up STACK=no-such-stack, or give FLEET=name" in capsys.readouterr().err


@pytest.mark.parametrize("region", ["xx", "eu_west_1", "eu-west", "https://x"])
def test_a_region_that_is_none_is_named(region: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fleet", "ci", "--region", region]) == 2
    assert f"REGION={region} is no region of AWS, such as eu-west-1" in capsys.readouterr().err


def test_a_group_that_is_not_there_is_told_in_the_words_that_were_typed() -> None:
    scaling = SimpleNamespace(
        describe_auto_scaling_groups=lambda **_: {"AutoScalingGroups": []},
        meta=SimpleNamespace(region_name="eu-west-1"),
    )
    with pytest.raises(
        SmokeError, match="no Auto Scaling group ci-runners in eu-west-1: are FLEET=ci, REGION=eu-west-1"
    ):
        Fleet("ci", lambda _: scaling).group()


def test_the_page_of_limits_names_every_check_and_no_other() -> None:
    text = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").split("## Of the local stack")[0]
    table = text.split("| check |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", row.split("|")[2])}
    assert named == {check.name for check in CHECKS}
