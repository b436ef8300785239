from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tools.simulator import words
from tools.simulator.advise import MODULE
from tools.simulator.cli import main
from tools.simulator.generator import Options, generate
from tools.simulator.policies.product import Product
from tools.simulator.policies.registry import COMPARED, POLICIES, parameters_of, parse
from tools.simulator.table_file import read_csv
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
    assert "<title>Simulation of tiny.dat</title>" in page
    assert '<td data-name="policy">cmdlabs</td>' in page


def test_compare_draws_the_frontier_when_asked(trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["compare", trace, "--policy", "product", "--frontier", "--output", str(tmp_path / "out")])

    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert code == 0
    assert (tmp_path / "out" / "frontier.png").exists()
    assert {curve["name"] for curve in document["curves"]} >= {"cmdlabs", "reactive ideal", "oracle"}
    assert "curve: taskcluster" in capsys.readouterr().err


def test_advise_prints_terraform_and_writes_it_with_the_way_to_the_module(
    trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet" / "main.tf"

    code = main(["advise", trace, "--wait", "200", "--share", "0", "--file", str(file)])

    printed = capsys.readouterr().out
    source = printed.partition('source = "')[2].partition('"')[0]
    assert code == 0
    assert file.read_text() == printed
    assert (file.parent / source).resolve() == MODULE


def test_advice_names_the_inputs_to_change_and_says_when_it_rests_on_too_little(
    trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = tmp_path / "many.dat"
    write_binary(many, [(60.0 * number, 90) for number in range(200)])
    options = ["--wait", "200", "--share", "0", "--file", str(tmp_path / "main.tf")]

    few, enough = ((main(["advise", jobs, *options]), capsys.readouterr().out)[1] for jobs in (trace, str(many)))

    assert "# 30 jobs: too few to rely on" in few
    assert "too few" not in enough
    for name in ("asg.max_size", "gitlab.runner_idletime", "scaling.idle_buffer", "scaling.look_ahead"):
        value = re.search(rf"^#   {re.escape(name)} = (.+)$", few, re.MULTILINE)
        assert value
        assert re.search(rf"^ +{name.partition('.')[2]} += {re.escape(value[1])}$", few, re.MULTILINE)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.034, "0.03"), (2.4, "2.40"), (9.994, "9.99"), (12.3, "12"), (0, "0.00")]
)
def test_hours_and_money_below_ten_have_two_decimals(value: float, shown: str) -> None:
    assert words.amount(value) == shown


def test_what_is_compared_first_is_what_the_module_configures() -> None:
    inputs = "".join((MODULE / name).read_text() for name in ("variables.tf", "variables_gitlab.tf"))
    defaults = dict(re.findall(r'(\w+) += optional\(string, "(\w+)"\)', inputs))

    shipped = Product(**dict(parse(COMPARED[0]).parameters))  # type: ignore[arg-type]

    assert shipped.idle == 60 * int(defaults["runner_idletime"])
    assert (shipped.look_ahead, str(shipped.buffer)) == (defaults["look_ahead"], defaults["idle_buffer"])


def test_all_rules_are_compared_and_those_that_know_an_idle_time_have_the_same() -> None:
    specs = [parse(text) for text in COMPARED]
    idles = {spec.policy: dict(spec.parameters).get("idle") for spec in specs if "idle" in parameters_of(spec.policy)}

    # What removes booting instances is a variant of this project, for its own measurement.
    assert {spec.policy for spec in specs} == POLICIES.keys() - {"cancelling"}
    assert set(idles.values()) == {600}
    assert any(spec.policy == "product" and dict(spec.parameters).get("buffer") == "auto" for spec in specs[:4])


def test_every_option_of_the_generator_is_one_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    options = ["--jobs", "10", "--retries", "0", "--night", "0", "--bursts", "0", "--stage-failures", "0"]

    code = main(["generate", str(path), "--days", "0.1", *options, "--needs", "1", "--manual", "0", "--seed", "3"])

    generated = generate(
        Options(days=0.1, jobs=10, stage_failures=0, retries=0, needs=1, manual=0, night=0, bursts=0, seed=3)
    )
    assert code == 0
    assert [job.name for job in read_csv(path).jobs] == [job.name for job in generated.jobs]
    assert not any(job.fails or job.runs > 1 for job in generated.jobs)


def test_the_documents_say_what_was_simulated_where(trace: str, tmp_path: Path) -> None:
    world = ["--slots", "2", "--boot", "90", "--seed", "7", "--runner-tags", "b,a", "--instance-type", "m6i.large"]

    main(["compare", trace, "--policy", "product", *world, "--output", str(tmp_path)])

    document = json.loads((tmp_path / "results.json").read_text())
    setup, page = document["setup"], (tmp_path / "report.html").read_text()
    assert document["workload"]["jobs"] == 30
    assert (setup["slots"], setup["boot"]["seconds"], setup["seed"], setup["runner_tags"]) == (2, 90, 7, ["a", "b"])
    assert document["price"]["instance_type"] == "m6i.large"
    assert document["price"]["usd_per_instance_hour"] > 0
    assert re.search(r"setup boot seconds</td><td[^>]*>90</td>", page)


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
        (["compare", "missing.csv"], "TRACE=missing.csv: there is no such file; make trace PROJECTS=… writes one"),
        (["compare", "--policy", "magic"], "magic"),
        (["compare", "--instance-type", "m1.tiny"], "m1.tiny is not in the price table"),
        (["export", "group/project"], "GITLAB_TOKEN is not set"),
        (["export"], "no project is named: make trace PROJECTS="),
        (["compare", "--slots", "0"], "slots 0: a positive number"),
        (["compare", "--boot", "-50"], "boot -50: 0 or a positive number"),
        (["compare", "--boot", "nan"], "boot nan: 0 or a positive number"),
        (["compare", "--launch-failures", "1"], "launch-failures 1: a share from 0 to less than 1"),
        (["compare", "--minimum", "5", "--maximum", "2"], "minimum 5: it is more than the maximum of 2"),
        (["compare", "--policy", "product:idle=-5"], "idle=-5: 0 or a positive number"),
        (["compare", "--policy", "product:buffer=x"], "buffer=x: a whole number or auto"),
        (["compare", "--policy", "product:look_ahead=pipelines"], "look_ahead=pipelines: off or pipeline"),
        (["compare", "--projects", "0"], "projects 0: a positive number"),
        (["compare", "--days", "0"], "days 0: a positive number"),
        (["compare", "--days", "0.00001"], "no pipeline comes in that time"),
        (["compare", "--burst-size", "0"], "burst-size 0: 1 or more"),
        (["compare", "--cancelled", "1.5"], "cancelled 1.5: a share from 0 to 1"),
        (["advise", "--share", "5"], "share 5: a share from 0 to less than 1"),
    ],
)
def test_input_that_cannot_be_used_is_named_in_a_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)

    assert main(arguments) == 2
    assert message in capsys.readouterr().err
