from __future__ import annotations

import json

import pytest

from tools.local.imds.metadata import ControlError, Metadata, Reply, target_of

NOW = 1_800_000_000.0


class Service:
    def __init__(self) -> None:
        self.now = NOW
        self.metadata = Metadata(lambda: self.now)
        self.token = self.put_token(60).body

    def put_token(self, seconds: object, **headers: str) -> Reply:
        return self.metadata.handle(
            "PUT", "api/token", {"x-aws-ec2-metadata-token-ttl-seconds": str(seconds), **headers}
        )

    def get(self, path: str, token: str | None = None) -> Reply:
        used = self.token if token is None else token
        return self.metadata.handle("GET", f"meta-data/{path}", {"x-aws-ec2-metadata-token": used})


@pytest.fixture
def service() -> Service:
    return Service()


def test_nothing_is_told_without_a_token(service: Service) -> None:
    assert service.get("instance-id", "").status == 401
    assert service.get("instance-id", "made up").status == 401
    assert service.get("instance-id").body == "i-0123456789abcdef0"


def test_a_token_ends_when_its_time_is_over(service: Service) -> None:
    service.now += 59
    assert service.get("instance-id").status == 200
    service.now += 1
    assert service.get("instance-id").status == 401


@pytest.mark.parametrize("seconds", [0, 21601, -1, "", "x", "1.5"])
def test_a_token_lasts_from_a_second_to_six_hours(service: Service, seconds: object) -> None:
    assert service.put_token(seconds).status == 400


def test_a_token_is_not_given_through_a_proxy(service: Service) -> None:
    assert service.put_token(60, **{"x-forwarded-for": "10.0.0.1"}).status == 403
    assert service.metadata.handle("GET", "api/token", {}).status == 405


def test_what_is_not_the_case_does_not_exist(service: Service) -> None:
    assert service.get("spot/instance-action").status == 404
    assert service.get("events/recommendations/rebalance").status == 404
    assert service.get("no/such/item").status == 404
    assert service.metadata.handle("GET", "dynamic/x", {"x-aws-ec2-metadata-token": service.token}).status == 404
    assert service.get("autoscaling/target-lifecycle-state").body == "InService"


def test_notices_say_when(service: Service) -> None:
    service.metadata.control("PUT", "state", {"spot_action": "terminate", "spot_in_seconds": 120})
    service.metadata.control("PUT", "state", {"rebalance_in_seconds": 0, "target": None})
    assert json.loads(service.get("spot/instance-action").body) == {
        "action": "terminate",
        "time": "2027-01-15T08:02:00Z",
    }
    assert json.loads(service.get("events/recommendations/rebalance").body) == {"noticeTime": "2027-01-15T08:00:00Z"}
    assert service.get("autoscaling/target-lifecycle-state").status == 404


def test_the_profiles_credentials_have_a_clients_form(service: Service) -> None:
    assert service.get("iam/security-credentials/").body == "runner"
    found = json.loads(service.get("iam/security-credentials/runner").body)
    assert found["Code"] == "Success"
    assert {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} <= found.keys()


def test_requests_are_counted_by_path_and_status(service: Service) -> None:
    service.get("instance-id")
    service.get("instance-id", "bad")
    stats = service.metadata.control("DELETE", "stats", {})
    assert stats["paths"] == {"GET meta-data/instance-id": 2, "PUT api/token": 1}
    assert stats["statuses"] == {"200": 2, "401": 1}
    assert service.metadata.control("GET", "stats", {})["requests"] == 0


def test_a_fault_strikes_its_path_as_often_as_told(service: Service) -> None:
    service.metadata.control("PUT", "faults", {"faults": [{"path": "*instance-id", "status": 503, "count": 2}]})
    assert [service.get("instance-id").status for _ in range(3)] == [503, 503, 200]
    assert service.get("instance-life-cycle").status == 200


def test_an_answer_may_be_right_and_late_or_never_come(service: Service) -> None:
    service.metadata.control("PUT", "faults", {"faults": [{"status": 0, "delay_seconds": 3}]})
    late = service.get("instance-id")
    assert (late.status, late.delay_seconds, late.body) == (200, 3, "i-0123456789abcdef0")
    service.metadata.control("PUT", "faults", {"faults": [{"broken": True}]})
    assert service.get("instance-id").broken


def test_too_many_requests_are_throttled(service: Service) -> None:
    service.metadata.control("PUT", "limit", {"requests_per_second": 2})
    assert [service.get("instance-id").status for _ in range(3)] == [200, 200, 429]
    service.now += 1
    assert service.get("instance-id").status == 200


def test_every_token_can_be_ended(service: Service) -> None:
    service.metadata.control("DELETE", "tokens", {})
    assert service.get("instance-id").status == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "state", {"taget": "x"}), ("PUT", "faults", {"faults": [{"code": 1}]}), ("GET", "nothing", {})],
)
def test_an_order_that_makes_no_sense_is_refused(
    service: Service, method: str, path: str, body: dict[str, object]
) -> None:
    with pytest.raises(ControlError):
        service.metadata.control(method, path, body)


@pytest.mark.parametrize(
    ("state", "target"),
    [("Pending:Wait", "InService"), ("InService", "InService"), ("Terminating:Wait", "Terminated"), ("Standby", None)],
)
def test_the_target_follows_from_the_state(state: str, target: str | None) -> None:
    assert target_of(state) == target
