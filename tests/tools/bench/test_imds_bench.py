from __future__ import annotations

from tools.bench import imds


def test_vended_credentials_cost_imds_a_tenth_of_the_instance_role_at_most() -> None:
    figures = {figure.name: figure for figure in imds.measure(jobs=15)}
    assert figures["IMDS requests of 15 jobs, instance_role"].value == 15 * 2 * 3
    ratio = figures["what jobs ask, vended to instance_role"]
    assert ratio.bar == 0.1
    assert 0 < ratio.value <= ratio.bar


def test_the_drain_service_asks_every_five_seconds() -> None:
    assert 700 < imds.by_drain_service() <= 756
