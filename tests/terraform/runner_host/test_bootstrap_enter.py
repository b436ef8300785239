"""The way into service: GitLab, the launching hook, the warm pool, and tokens that nobody else sees."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from tests.terraform.runner_host.bootstrap_host import SYSTEM_ID, TOKEN, Host, hosting, processes

CONFIG = "etc/gitlab-runner/config.toml"


BAKED = ("aws", "docker", "gitlab-runner")


def test_the_instance_comes_into_service_once_its_runner_has_an_answer(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.contact = ["500", "500", "204"]
        answer = host.boot("enter")
    assert answer.returncode == 0, answer.stdout
    assert host.completed() == ["CONTINUE"]
    order = [call.split()[1] + " " + call.split()[-1] for call in host.calls() if "start" in call or "complete" in call]
    assert order[-3:] == [
        "start gitlab-runner-drain.service",
        "start gitlab-runner.service",
        "autoscaling CONTINUE",
    ]
    assert f'token = "{TOKEN}"' in host.read(CONFIG)
    assert (host.root / CONFIG).stat().st_mode & 0o777 == 0o600


def test_the_manager_is_named_after_the_instance(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.boot("enter")
    assert host.read("etc/gitlab-runner/.runner_system_id") == SYSTEM_ID
    path, form = host.answers.forms[0]
    assert (path, form["system_id"]) == ("/api/v4/runners/verify", [SYSTEM_ID])


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 404])
def test_a_gitlab_that_does_not_answer_is_waited_for(tmp_path: Path, status: int) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.settings(BEAT_SECONDS="0")
        host.answers.verify = [status, status, status, 200]
        answer = host.boot("enter")
    assert answer.returncode == 0, answer.stdout
    assert host.completed() == ["CONTINUE"]
    assert len(host.calls("aws autoscaling record-lifecycle-action-heartbeat")) >= 3
    assert sum("waiting" in line for line in host.logged()) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_gives_the_instance_up(tmp_path: Path, status: int) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.verify = [status]
        answer = host.boot("enter")
    assert answer.returncode == 1
    assert host.completed() == ["ABANDON"]
    assert any("refuses the token of the SSM parameter /ci/runner-token" in line for line in host.logged())
    assert "systemctl start gitlab-runner.service" not in host.calls()


def test_while_a_token_is_replaced_either_of_two_will_do(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.parameter("/ci/runner-token", "glrt-old\nglrt-new")
        host.answers.verify = [403, 200]
        assert host.boot("enter").returncode == 0
    assert 'token = "glrt-new"' in host.read(CONFIG)


def test_somebody_elses_200_is_no_gitlab(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.portal = b"<html>Please log in</html>"
        host.answers.targets = ["InService", "InService", "Terminated"]
        assert host.boot("enter").returncode == 0
    assert host.completed() == []
    assert any("200 of somebody else" in line for line in host.logged())


def test_an_unreadable_parameter_gives_the_instance_up(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.settings(TOKEN_PARAMETER="/ci/nothing")
        assert host.boot("enter").returncode == 1
    assert host.completed() == ["ABANDON"]
    assert any("/ci/nothing cannot be read" in line for line in host.logged())


def test_a_runner_that_ends_again_and_again_gives_the_instance_up(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.contact = ["500"]
        host.stand_in("systemctl", '[ "$1" != is-active ] || exit 3')
        assert host.boot("enter").returncode == 1
    assert host.completed() == ["ABANDON"]


def test_an_instance_that_is_wanted_gone_starts_nothing(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.targets = ["Terminated"]
        assert host.boot("enter").returncode == 0
    assert host.completed() == []
    assert "systemctl start gitlab-runner.service" not in host.calls()


def test_waiting_ends_when_the_instance_is_wanted_gone(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.verify = [503]
        host.answers.targets = ["InService", "InService", "InService", "Terminated"]
        assert host.boot("enter").returncode == 0
    assert host.completed() == []


@pytest.mark.parametrize("pool", ["Warmed:Stopped", "Warmed:Hibernated", "Warmed:Running"])
def test_a_warm_instance_waits_prepared_and_enters_when_it_is_wanted(tmp_path: Path, pool: str) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.targets = [pool, pool, pool, "InService"]
        assert host.boot("enter").returncode == 0
        calls = host.calls()
    first, second = [n for n, call in enumerate(calls) if "complete-lifecycle-action" in call]
    started = calls.index("systemctl start gitlab-runner.service")
    assert first < started < second
    assert host.completed() == ["CONTINUE", "CONTINUE"]


def test_the_metadata_may_lag_behind_a_launch(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.answers.targets = ["", "", "Warmed:Stopped", "Terminated"]
        assert host.boot("enter").returncode == 0
    assert "systemctl start gitlab-runner.service" not in host.calls()


def test_a_reboot_needs_no_hook(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.boot("enter")
        no_action = 'case "$2" in complete*) echo "No active Lifecycle Action found" >&2; exit 255 ;; esac'
        behaviour = host.folder / "behaviour/aws"
        behaviour.write_text(no_action + "\n" + behaviour.read_text())
        assert host.boot("enter").returncode == 0
    assert host.calls("systemctl start gitlab-runner.service") == ["systemctl start gitlab-runner.service"] * 2


def test_a_registration_token_makes_one_runner_for_an_instance(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.settings(TOKEN_KIND="registration", PROTECTED_ONLY="true", RUN_UNTAGGED="false")
        assert host.boot("enter").returncode == 0
        assert host.boot("enter").returncode == 0
    paths = [path for path, _ in host.answers.forms]
    assert paths == ["/api/v4/runners", "/api/v4/runners/verify"]
    form = host.answers.forms[0][1]
    assert (form["tag_list"], form["run_untagged"], form["access_level"]) == (
        ["docker,linux"],
        ["false"],
        ["ref_protected"],
    )
    assert 'token = "CANARY-of-the-new-runner"' in host.read(CONFIG)


def test_static_keys_of_the_cache_come_from_parameter_store(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.settings(
            CACHE_AUTH="user", CACHE_ACCESS_KEY_PARAMETER="/ci/access", CACHE_SECRET_KEY_PARAMETER="/ci/secret"
        )
        host.parameter("/ci/access", "AKIACANARY")
        host.parameter("/ci/secret", "CANARY/secret+key=")
        host.write(
            "etc/gitlab-runner-fleet/config.toml",
            'AccessKey = "@CACHE_ACCESS_KEY@"\nSecretKey = "@CACHE_SECRET_KEY@"\n',
        )
        assert host.boot("enter").returncode == 0
    assert host.read(CONFIG) == 'AccessKey = "AKIACANARY"\nSecretKey = "CANARY/secret+key="\n'


def test_a_value_that_would_break_the_configuration_is_refused(tmp_path: Path) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.settings(
            CACHE_AUTH="user", CACHE_ACCESS_KEY_PARAMETER="/ci/access", CACHE_SECRET_KEY_PARAMETER="/ci/secret"
        )
        host.parameter("/ci/access", 'A"\nprivileged = true')
        host.parameter("/ci/secret", 'x" y')
        assert host.boot("enter").returncode == 1
    assert host.completed() == ["ABANDON"]


def test_podmans_socket_is_in_the_configuration(tmp_path: Path) -> None:
    with hosting(tmp_path, has=("aws", "podman", "gitlab-runner"), system="rhel 9.4") as host:
        assert host.boot("enter").returncode == 0
    assert 'host = "unix:///run/podman/podman.sock"' in host.read(CONFIG)


@pytest.mark.parametrize("kind", ["authentication", "registration"])
def test_no_token_is_in_a_command_line_a_log_or_a_readable_file(tmp_path: Path, kind: str) -> None:
    with hosting(tmp_path, has=BAKED) as host:
        host.settings(TOKEN_KIND=kind)
        host.answers.verify = [503, 503, 503, 503, 503, 503, 200]
        host.answers.register = [503, 503, 503, 503, 503, 503, 201]
        printed, seen = watched(host)
    assert host.completed() == ["CONTINUE"]
    assert len(seen) > 5
    assert [line for line in (*seen, printed, *host.calls(), *host.logged()) if "CANARY" in line] == []
    left = {path: text for path, text in host.everything().items() if "CANARY" in text and "/parameters/" not in path}
    assert set(left) <= {str(host.root / CONFIG), str(host.root / "etc/gitlab-runner-fleet/runner.token")}
    assert {Path(path).stat().st_mode & 0o077 for path in left} == {0}


def watched(host: Host) -> tuple[str, set[str]]:
    """Enter, and return what was printed and the command lines of every process meanwhile."""
    command, environment = host.command("bootstrap.sh", "enter")
    seen: set[str] = set()
    done = threading.Event()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:

        def watch() -> None:
            while not done.is_set():
                seen.update(processes(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        printed, _ = process.communicate(timeout=60)
        done.set()
        watcher.join()
    return printed, seen
