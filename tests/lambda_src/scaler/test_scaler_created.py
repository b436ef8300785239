from __future__ import annotations

from typing import Any

import pytest

from scaler import created
from scaler.errors import MalformedError
from scaler.history import key
from scaler.matching import Runner
from scaler.pages import Page
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


def document(*nodes: dict[str, Any], cursor: str = "") -> dict[str, Any]:
    info = {"hasNextPage": bool(cursor), "endCursor": cursor or "of the last one"}
    return {"data": {"projects": {"nodes": [{"jobs": {"pageInfo": info, "nodes": list(nodes)}}]}}}


def read(**fields: Any) -> Created:
    [job] = created.page(document(node(**fields)), 1, RUNNER).jobs
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


def test_a_need_of_parallel_jobs_is_one() -> None:
    needs = {"nodes": [{"name": name} for name in ("build 1/2", "lint", "build 2/2")]}
    assert read(schedulingType="dag", needs=needs).needs == (key(1, "build"), key(1, "lint"))


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
    assert created.page({"data": {"projects": {"nodes": []}}}, 1, RUNNER) == Page(())
    assert created.page({"data": {"projects": {"nodes": [{"jobs": None}]}}}, 1, RUNNER) == Page(())


def test_a_page_tells_where_the_next_one_begins_if_there_is_one() -> None:
    assert created.page(document(node(), cursor="eyJ"), 1, RUNNER).cursor == "eyJ"
    assert created.page(document(node()), 1, RUNNER).cursor == ""
    assert created.variables(7, "") == {"ids": ["gid://gitlab/Project/7"], "first": 100, "after": None}
    assert created.variables(7, "eyJ")["after"] == "eyJ"


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
        created.page(answer, 1, RUNNER)
