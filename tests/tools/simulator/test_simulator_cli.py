from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tools.simulator.cli import main
from tools.simulator.traces import write_binary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "tiny.dat"
    write_binary(path, [(60.0 * number, 90) for number in range(30)])
    return str(path)


def test_compare_prints_a_table_and_writes_json_plots_and_a_page(
    trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    policies = ["--policy", "product:idle=60", "--policy", "cmdlabs"]

    code = main(["compare", trace, *policies, "--instance-type", "m6i.large", "--output", str(output)])

    printed = capsys.readouterr().out
    document = json.loads((output / "results.json").read_text())
    assert code == 0
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["policy", "product:idle=60", "cmdlabs"]
    assert [result["policy"] for result in document["results"]] == ["product:idle=60", "cmdlabs"]
    assert document["results"][0]["usd"] > 0
    assert document["results"][0]["jobs_killed"] == 0
    assert (output / "timeline.png").read_bytes().startswith(b"\x89PNG")
    page = (output / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page


def test_compare_draws_the_frontier_when_asked(trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["compare", trace, "--policy", "product", "--frontier", "--output", str(tmp_path / "out")])

    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert code == 0
    assert (tmp_path / "out" / "frontier.png").exists()
    assert {curve["name"] for curve in document["curves"]} >= {"cmdlabs", "reactive ideal", "oracle"}
    assert "curve: taskcluster" in capsys.readouterr().err


def test_advise_prints_terraform(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["advise", trace, "--wait", "200", "--share", "0"])

    assert code == 0
    assert 'module "fleet" {' in capsys.readouterr().out


def test_what_is_generated_can_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"

    codes = [
        main(["generate", str(path), "--days", "0.1"]),
        main(["compare", str(path), "--policy", "product", "--output", str(tmp_path)]),
    ]

    assert codes == [0, 0]
    assert "product" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "missing.csv"], "missing.csv"),
        (["compare", "--policy", "magic"], "magic"),
        (["compare", "--instance-type", "m1.tiny"], "m1.tiny is not in the price table"),
        (["export", "group/project"], "GITLAB_TOKEN is not set"),
    ],
)
def test_input_that_cannot_be_used_is_named_in_a_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)

    assert main(arguments) == 2
    assert message in capsys.readouterr().err
