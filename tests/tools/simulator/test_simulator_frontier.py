from __future__ import annotations

import pytest

from tools.simulator.frontier import (
    Curve,
    Point,
    convex,
    excess,
    hours_at,
    launches_at,
    lower_left,
    measure,
    over,
    rows,
    wait_at,
)
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain


def point(hours: float, wait: float, label: str = "x") -> Point:
    return Point(label, mean_wait=wait, instance_hours=hours, share_over_5=0, launches=1, killed=0)


OURS = [point(100, 50), point(200, 20), point(300, 10)]


def test_what_is_above_the_line_between_two_settings_is_no_corner_of_the_frontier() -> None:
    above = [point(120, 45), point(160, 33), point(250, 16)]
    assert convex([*above, *OURS]) == OURS
    assert convex([point(140, 37), *OURS]) == [OURS[0], point(140, 37), *OURS[1:]]
    assert convex(OURS[:1]) == OURS[:1]


def test_the_frontier_is_what_no_other_point_beats_in_both() -> None:
    beaten = [point(150, 60), point(250, 20), point(300, 12)]

    assert lower_left([*beaten, *reversed(OURS)]) == OURS


@pytest.mark.parametrize(("hours", "wait"), [(99, None), (100, 50), (150, 35), (300, 10), (999, 10)])
def test_between_its_points_the_frontier_is_a_line(hours: float, wait: float | None) -> None:
    assert wait_at(OURS, hours) == wait


@pytest.mark.parametrize(("wait", "hours"), [(9, None), (10, 300), (35, 150), (50, 100), (999, 100)])
def test_the_frontier_tells_what_a_wait_costs(wait: float, hours: float | None) -> None:
    assert hours_at(OURS, wait) == hours


def test_the_frontier_tells_how_often_it_launches() -> None:
    assert [launches_at(OURS, hours) for hours in (99, 150)] == [None, 1]


@pytest.mark.parametrize(
    ("rival", "share"),
    [
        (point(200, 20), 0.0),
        (point(400, 40), -0.5),
        (point(100 / 1.05, 50 / 1.05), 0.05),
        (point(99, 500), 0.0101),
        (point(1, 1), 1.0),
    ],
    ids=["on it", "above right", "5 % below left", "cheaper than any", "far away"],
)
def test_the_excess_is_the_share_by_which_a_rival_lies_below(rival: Point, share: float) -> None:
    assert excess(rival, OURS) == pytest.approx(share, abs=0.001)


def test_curves_are_simulated_over_their_knob() -> None:
    curves = {"ours": over("product", "idle", (60, 900), buffer=1)}

    [curve] = measure(plain("x", [(200, 30), (800, 30)]), Setup(boot=Boot(50)), curves)

    assert [p.label for p in curve.points] == ["product:buffer=1,idle=60", "product:buffer=1,idle=900"]
    assert curve.points[0].instance_hours <= curve.points[1].instance_hours


def test_the_table_has_headings_and_a_row_for_each_point() -> None:
    head, *points = rows([Curve("ours", tuple(OURS))])

    assert len(points) == 3
    assert {len(row) for row in points} == {len(head)}
