from __future__ import annotations

from typing import Any

import pytest

from scaler import created
from scaler.errors import MalformedError
from scaler.history import key
from scaler.matching import Runner
from scaler.pipelines import Created, stage_key

RUNNER = Runner(frozenset({"linux"}), run_untagged=True)


def node(**fields: Any) -> dict[str, Any]:
    return {
        "id": "gid://gitlab/Ci::Build/42",
        "name": "test",
        "status": "CREATED",
        "allowFailure": False,
        "manualJob": False,
        "schedulingType": "stage",
        "tags": ["linux"],
        "stage": {"name": "check"},
        "pipeline": {"id": "gid://gitlab/Ci::Pipeline/7"},
        "needs": {"nodes": []},
        **fields,
    }


def document(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"projects": {"nodes": [{"jobs": {"nodes": list(nodes)}}]}}}


def read(**fields: Any) -> Created:
    [job] = created.jobs(document(node(**fields)), 1, RUNNER)
    return job


def test_a_later_job_is_read() -> None:
    assert read() == Created(
        id=42,
        pipeline=7,
        name=key(1, "test"),
        stage=stage_key("check"),
        needs=None,
        is_ours=True,
        is_automatic=True,
        is_optional=False,
    )


def test_needs_are_names() -> None:
    assert read(schedulingType="dag", needs={"nodes": [{"name": "build"}]}).needs == (key(1, "build"),)
    assert read(schedulingType="dag").needs == ()


def test_manual_and_delayed_jobs_are_not_automatic() -> None:
    assert (read(manualJob=True).is_automatic, read(manualJob=True).is_optional) == (False, False)
    assert read(manualJob=True, allowFailure=True).is_optional
    assert not read(allowFailure=True).is_optional
    assert not read(status="SCHEDULED").is_automatic
    assert not read(status="WAITING_FOR_RESOURCE").is_automatic
    assert read(status="PREPARING").is_automatic


def test_a_job_of_other_tags_is_not_ours() -> None:
    assert not read(tags=["windows"]).is_ours
    assert read(tags=None).is_ours


def test_a_project_that_is_hidden_has_no_later_jobs() -> None:
    assert created.jobs({"data": {"projects": {"nodes": []}}}, 1, RUNNER) == ()
    assert created.jobs({"data": {"projects": {"nodes": [{"jobs": None}]}}}, 1, RUNNER) == ()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"errors": [{"message": "too complex"}], "data": None}, id="an error"),
        pytest.param([], id="a list"),
        pytest.param("<html>", id="a text"),
        pytest.param({"data": None}, id="no data"),
        pytest.param(document(node(id="none")), id="an id that is no number"),
        pytest.param(document({"id": "gid://gitlab/Ci::Build/42"}), id="missing fields"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_refused(answer: Any) -> None:
    with pytest.raises(MalformedError):
        created.jobs(answer, 1, RUNNER)
