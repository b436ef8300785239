"""The user data as Terraform renders it: complete, small enough, and nothing in it that is not data."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.terraform.runner_host.bootstrap_host import SCRIPTS, hosting
from tests.terraform.runner_host.bootstrap_user_data import CASES, EXTRA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.terraform.runner_host.bootstrap_user_data import UserData

pytestmark = pytest.mark.terraform

LIMIT = 16384


@pytest.mark.parametrize("case", CASES)
def test_the_user_data_is_small_enough_for_ec2(user_data: Mapping[str, UserData], case: str) -> None:
    print(f"user data of {case}: {user_data[case].size} bytes")  # noqa: T201 - shown with pytest -s
    assert user_data[case].size <= LIMIT
    assert user_data[case].text.isascii(), "cloud-init of Amazon Linux 2 runs on Python 2"


def test_the_scripts_are_those_of_the_repository_without_comments(
    user_data: Mapping[str, UserData], tree: Path
) -> None:
    files = user_data["shell"].files
    for name in ("bootstrap.sh", "cache-credentials", "gitlab.sh", "host.sh", "packages.sh"):
        lines = (tree / "terraform/runner_host" / name).read_text(encoding="utf-8").splitlines()
        expected = [line for line in lines if line and not re.match(r" *# ", line)]
        assert files[f"/opt/gitlab-runner-fleet/{name}"].splitlines() == expected
        subprocess.run(["bash", "-n"], input=files[f"/opt/gitlab-runner-fleet/{name}"], check=True, text=True)


def test_the_drain_service_is_the_repositorys_without_docstrings(user_data: Mapping[str, UserData], tree: Path) -> None:
    rendered = ast.parse(user_data["docker"].files["/opt/gitlab-runner-fleet/drain.py"])
    original = ast.parse((tree / "terraform/runner_host/drain.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(original)
    assert ast.dump(without_docstrings(rendered)) == ast.dump(without_docstrings(original))


def without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return tree


def test_every_setting_that_the_scripts_use_is_there_and_no_other(user_data: Mapping[str, UserData]) -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS.iterdir() if path.suffix in {".sh", ""})
    used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", scripts))
    ours = {"ARCH", "AWS_CONFIG_FILE", "BASH_SOURCE", "INSTANCE_ID", "OS_ID", "OS_VERSION", "PATH", "SECONDS"}
    ours |= {name for name in used if name.startswith("RUNNER_FLEET_")}
    text = user_data["docker"].files["/etc/gitlab-runner-fleet/bootstrap.env"]
    assert set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE)) == used - ours


def test_a_setting_is_data_whatever_is_in_it(user_data: Mapping[str, UserData], tmp_path: Path) -> None:
    file = tmp_path / "bootstrap.env"
    file.write_text(user_data["legacy"].files["/etc/gitlab-runner-fleet/bootstrap.env"])
    printed = subprocess.run(
        ["bash", "-c", f'. {file}; printf "%s" "$RUNNER_TAGS"'], check=True, capture_output=True, text=True
    )
    assert printed.stdout == "it's,$(reboot),`id`"


def configuration(user_data: UserData) -> dict[str, Any]:
    text = user_data.files["/etc/gitlab-runner-fleet/config.toml"].replace("@ID@", "7")
    return tomllib.loads(text)


def test_the_configuration_of_the_docker_executor(user_data: Mapping[str, UserData]) -> None:
    found = configuration(user_data["docker"])
    [runner] = found.pop("runners")
    assert found == {
        "concurrent": 1,
        "connection_max_age": "900s",
        "listen_address": "127.0.0.1:9252",
        "log_level": "info",
        "shutdown_timeout": 30,
    }
    assert runner == {
        "docker": {"host": "@ENGINE@", "image": "alpine:latest", "privileged": False, "volumes": ["/cache"]},
        "executor": "docker",
        "id": 7,
        "name": "@NAME@",
        "token": "@TOKEN@",
        "url": "https://gitlab.example.com",
    }


def test_the_configuration_of_the_shell_executor_with_vended_credentials(user_data: Mapping[str, UserData]) -> None:
    [runner] = configuration(user_data["shell"])["runners"]
    assert runner["pre_build_script"] == "unset AWS_CONFIG_FILE AWS_SDK_LOAD_CONFIG"
    assert runner["output_limit"] == 8192
    assert "docker" not in runner
    assert runner["cache"] == {
        "Path": "ci",
        "Shared": True,
        "Type": "s3",
        "s3": {
            "AuthenticationType": "iam",
            "BucketLocation": "eu-west-1",
            "BucketName": "ci-cache-123456789012-eu-west-1",
        },
    }


def test_static_keys_are_filled_in_on_the_instance(user_data: Mapping[str, UserData]) -> None:
    [runner] = configuration(user_data["legacy"])["runners"]
    assert runner["cache"]["s3"]["AuthenticationType"] == "access-key"
    assert (runner["cache"]["s3"]["AccessKey"], runner["cache"]["s3"]["SecretKey"]) == (
        "@CACHE_ACCESS_KEY@",
        "@CACHE_SECRET_KEY@",
    )
    assert runner["tls-ca-file"] == "/etc/gitlab-runner-fleet/ca.pem"


def test_every_setting_of_config_toml_that_is_given_is_there(user_data: Mapping[str, UserData]) -> None:
    asked = CASES["largest"]["runner_host"]
    [runner] = configuration(user_data["largest"])["runners"]
    assert asked["docker"].items() <= runner["docker"].items()
    assert asked["runners"].items() <= runner.items()


def test_user_data_of_ones_own_comes_first_and_ours_adds_to_it(user_data: Mapping[str, UserData]) -> None:
    text = user_data["largest"].text
    assert text.startswith("Content-Type: multipart/mixed")
    first, second = text.split("--==gitlab-runner-fleet==\n")[1:]
    assert EXTRA in first
    assert "\nMerge-Type: list(append)+dict(recurse_list)+str()\n" in second
    assert user_data["docker"].text.startswith("#cloud-config\n")


def test_an_instance_boots_from_what_terraform_renders(user_data: Mapping[str, UserData], tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        rendered = user_data["docker"]
        for path, content in rendered.files.items():
            host.write(path, content)
        env = host.read("etc/gitlab-runner-fleet/bootstrap.env")
        env = env.replace("https://gitlab.example.com", host.address).replace("127.0.0.1:9252", host.address[7:])
        env = env.replace("RUNNER_URL=''", f"RUNNER_URL='{host.address}/gitlab-runner'")
        env = env.replace("LOG_AGENT_URL=''", f"LOG_AGENT_URL='{host.address}/agent'")
        host.write("etc/gitlab-runner-fleet/bootstrap.env", env)
        assert rendered.cloud_config["runcmd"] == [["bash", "/opt/gitlab-runner-fleet/bootstrap.sh", "install"]]
        answers = [host.boot("install"), host.boot("enter")]
    assert [answer.returncode for answer in answers] == [0, 0], answers
    assert host.completed() == ["CONTINUE"]
    [runner] = tomllib.loads(host.read("etc/gitlab-runner/config.toml"))["runners"]
    assert (runner["id"], runner["token"]) == (7, "glrt-CANARY-of-the-runner")
