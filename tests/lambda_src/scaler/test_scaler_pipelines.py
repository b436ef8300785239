from __future__ import annotations

import pytest

from scaler.pipelines import Created, Live, PipelineJob, Status, ended, pipelines, stage_key

BUILD, TEST, DEPLOY = (stage_key(name) for name in ("build", "test", "deploy"))


def live(number: int, stage: int = BUILD, *, pipeline: int = 1, is_running: bool = True, since: float = 100.0) -> Live:
    return Live(number, pipeline, name=number, stage=stage, since=since, is_running=is_running, is_ours=True)


def created(number: int, stage: int = TEST, *, pipeline: int = 1, needs: tuple[int, ...] | None = None) -> Created:
    return Created(
        number, pipeline, name=number, stage=stage, needs=needs, is_ours=True, is_automatic=True, is_optional=False
    )


def stages(*jobs: Live | Created) -> list[int]:
    """Return the names of a pipeline's jobs, ordered by stage."""
    under_way = [job for job in jobs if isinstance(job, Live)]
    [pipeline] = pipelines(under_way, [job for job in jobs if isinstance(job, Created)])
    return [job.name for job in sorted(pipeline, key=lambda job: job.stage)]


def test_a_pipeline_has_its_jobs_under_way_and_those_to_come() -> None:
    [pipeline] = pipelines([live(1), live(2, is_running=False)], [created(3, needs=(1,))])
    assert pipeline == (
        PipelineJob(1, 2, Status.RUNNING, 100.0),
        PipelineJob(2, 2, Status.PENDING, 100.0),
        PipelineJob(3, 6, Status.CREATED, needs=(1,)),
    )


def test_stages_come_in_the_order_in_which_gitlab_made_their_jobs() -> None:
    assert stages(live(1), created(4, DEPLOY), created(2), created(3)) == [1, 2, 3, 4]


def test_a_retried_job_still_comes_before_what_waits_for_it() -> None:
    assert stages(live(9), created(2), created(3, DEPLOY)) == [9, 2, 3]


def test_jobs_to_come_in_the_stage_under_way_wait_for_nothing_in_it() -> None:
    [pipeline] = pipelines([live(1)], [created(2, BUILD)])
    assert len({job.stage for job in pipeline}) == 1


def test_what_is_under_way_by_now_does_not_come_again() -> None:
    assert list(pipelines([live(1), live(2, TEST)], [created(2)])) == []
    assert stages(live(1), live(2, TEST), created(2), created(3, TEST)) == [1, 2, 3]


def test_a_pipeline_without_jobs_under_way_is_not_foreseen() -> None:
    assert list(pipelines([live(1)], [created(2, pipeline=7)])) == []


def test_a_job_whose_needs_have_all_ended_waits_for_a_person() -> None:
    [pipeline] = pipelines([live(1)], [created(2, needs=(77,)), created(3, needs=(1, 77)), created(4, needs=(3,))])
    assert [job.name for job in pipeline if not job.is_automatic] == [2]


@pytest.mark.parametrize(
    ("earliest", "latest", "seconds"),
    [
        pytest.param(398, 402, [300], id="the end is known"),
        pytest.param(395, 406, [300.5], id="well enough for so long a job"),
        pytest.param(350, 450, [], id="hardly at all"),
    ],
)
def test_a_duration_is_learnt_where_the_end_is_known(earliest: float, latest: float, seconds: list[float]) -> None:
    before = [live(1), live(2), live(3, is_running=False)]
    assert list(ended(before, [live(2)], earliest, latest)) == [(1, value) for value in seconds]
