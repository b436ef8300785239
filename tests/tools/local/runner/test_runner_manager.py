from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.tools.local.gitlab.conftest import running
from tools.local.runner.__main__ import main
from tools.local.runner.gitlab import ConfigError, GitLab, GitLabError, read_managers
from tools.local.runner.manager import Running

if TYPE_CHECKING:
    from pathlib import Path

    from tools.local.gitlab.server import Server


@dataclass
class FakeJobs:
    """Jobs in memory."""

    waiting: list[int] = field(default_factory=list)
    going: set[int] = field(default_factory=set)
    failed: list[int] = field(default_factory=list)
    is_down: bool = False

    def verify(self) -> None:
        if self.is_down:
            raise GitLabError("down")

    def take(self) -> int | None:
        if not self.waiting:
            return None
        self.going.add(job := self.waiting.pop(0))
        return job

    def unfinished(self, job_ids: set[int]) -> set[int]:
        self.verify()
        return job_ids & self.going

    def fail(self, job_id: int) -> None:
        self.failed.append(job_id)


def manager(jobs: FakeJobs, slots: int = 1, max_builds: int = 0) -> Running:
    return Running(jobs, slots, max_builds, lambda _: None)


def test_as_many_jobs_run_at_once_as_there_are_slots() -> None:
    jobs = FakeJobs([1, 2, 3])
    running_ = manager(jobs, slots=2)
    assert all(running_.step() for _ in range(3))
    assert (running_.mine, jobs.waiting) == ({1, 2}, [3])


def test_quit_takes_no_further_job_and_ends_after_the_last() -> None:
    jobs = FakeJobs([1, 2])
    running_ = manager(jobs)
    running_.step()
    running_.quit()
    assert running_.step()
    jobs.going.clear()
    assert not running_.step()
    assert (jobs.waiting, jobs.failed) == ([2], [])


def test_abort_fails_the_jobs_and_ends() -> None:
    jobs = FakeJobs([1])
    running_ = manager(jobs)
    running_.step()
    running_.abort()
    assert not running_.step()
    assert jobs.failed == [1]


def test_a_number_of_builds_ends_it() -> None:
    jobs = FakeJobs([1, 2])
    running_ = manager(jobs, max_builds=1)
    running_.step()
    jobs.going.clear()
    assert not running_.step()
    assert jobs.waiting == [2]


def test_a_gitlab_that_is_down_ends_nothing() -> None:
    jobs = FakeJobs([1], is_down=True)
    running_ = manager(jobs)
    assert running_.step()
    jobs.is_down = False
    assert running_.step()
    assert running_.mine == {1}


def configured(folder: Path, server: Server) -> Path:
    config = folder / "config.toml"
    token = next(iter(server.gitlab.world.store.runners.values())).token
    config.write_text(f'concurrent = 2\n[[runners]]\nurl = "{server.endpoint}"\ntoken = "{token}"\n')
    (folder / ".runner_system_id").write_text("r_0123456789ab")
    return config


def test_a_manager_takes_a_job_of_the_stand_in_and_is_unregistered(tmp_path: Path) -> None:
    with running() as server:
        config = configured(tmp_path, server)
        (found,) = read_managers(config)
        gitlab, store = GitLab(found), server.gitlab.world.store
        project = gitlab.send("POST", "/_control/projects", {})["ids"][0]
        ids = gitlab.send("POST", "/_control/jobs", {"project_id": project, "duration_seconds": None, "count": 2})[
            "ids"
        ]
        running_ = Running(gitlab, found.concurrent, 0, lambda _: None)
        running_.step()
        running_.step()
        assert running_.mine == set(ids)
        assert {store.jobs[job].system_id for job in ids} == {"r_0123456789ab"}
        gitlab.send("POST", f"/_control/jobs/{ids[0]}/finish", {"status": "success"})
        running_.quit()
        assert running_.step()
        running_.abort()
        assert not running_.step()
        assert store.jobs[ids[1]].failure_reason == "runner_system_failure"
        assert len(store.managers_of(1)) == 1
        assert main(["unregister", "--config", str(config), "--all-runners"]) == 0
        assert store.managers_of(1) == []
        assert read_managers(config) == []


def test_unregistering_ends_with_zero_although_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".runner_system_id").write_text("r_0123456789ab")
    config = tmp_path / "config.toml"
    config.write_text('[[runners]]\nurl = "http://127.0.0.1:9"\ntoken = "glrt-x"\n')
    assert main(["unregister", "--config", str(config), "--all-runners"]) == 0
    assert "Failed to unregister" in capsys.readouterr().err
    assert len(read_managers(config)) == 1


def test_a_configuration_that_cannot_be_used_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError):
        read_managers(tmp_path / "config.toml")
    assert main(["run", "--config", str(tmp_path / "config.toml")]) == 1
    assert "config.toml" in capsys.readouterr().err
