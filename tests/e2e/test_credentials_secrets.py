"""No secret is in anything that the stack wrote: logs, metrics, error bodies, tables, objects, Terraform's state."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.credentials_support import new_name
from tests.e2e.support import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.e2e.credentials_support import Watched
    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e

CONFIGURED = ("gitlab_token", "webhook_secret", "webhook_signing_token")
"""The fleet's own secrets, by the names of the outputs that hand them to tests."""
PLANTED = "planted-and-to-be-found"


def spellings(secret: str) -> set[str]:
    """Return how a secret could be written."""
    encoded = {base64.b64encode(secret[start:].encode()).decode().rstrip("=")[:-1] for start in range(3)}
    return {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1], *encoded}


def found(secrets: Iterable[str], places: dict[str, str]) -> list[tuple[str, str]]:
    """Return the places where a secret is written, each with the beginning of the secret."""
    return [
        (place, secret[:12])
        for secret in secrets
        for place, text in places.items()
        if any(spelling in text for spelling in spellings(secret))
    ]


def logs(vendor: Watched) -> str:
    """Return the logs of every function, which hold the metrics, too."""
    client, parts = vendor.aws("logs"), []
    for group in client.describe_log_groups()["logGroups"]:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        parts += [str(event["message"]) for page in pages for event in page["events"]]
    return "\n".join(parts)


def tables(vendor: Watched) -> str:
    """Return every item of every table, bytes as they are."""
    client, parts = vendor.aws("dynamodb"), []
    for table in client.list_tables()["TableNames"]:
        items = client.scan(TableName=table)["Items"]
        parts += [text(value) for item in items for kind in item.values() for value in kind.values()]
    return "\n".join(parts)


def text(value: object) -> str:
    """Return an attribute's value as text."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def objects(vendor: Watched) -> str:
    """Return every object of every bucket."""
    client, parts = vendor.aws("s3"), []
    for bucket in client.list_buckets()["Buckets"]:
        for entry in client.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            body = client.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
            parts.append(entry["Key"] + text(body))
    return "\n".join(parts)


def environments(vendor: Watched) -> str:
    """Return the functions' environments, as everybody sees them who may look at functions."""
    return json.dumps([each["Environment"] for each in vendor.aws("lambda").list_functions()["Functions"]])


def files(live: Live, pattern: str) -> str:
    """Return files of the stack's folder."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in live.stack.folder.glob(pattern))


def state(live: Live) -> str:
    """Return Terraform's state without what the example is made to keep there: parameters, and outputs for tests."""
    held: dict[str, Any] = json.loads((live.stack.folder / "terraform.tfstate").read_text(encoding="utf-8"))
    resources = [each for each in held["resources"] if each["type"] != "aws_ssm_parameter"]
    everything = held["outputs"].pop("all")["value"]
    outputs = [held["outputs"], {name: value for name, value in everything.items() if name not in CONFIGURED}]
    return json.dumps([resources, outputs])


def written(vendor: Watched, live: Live) -> dict[str, str]:
    """Return everything that the stack has written, by place."""
    metrics = vendor.aws("cloudwatch").list_metrics()["Metrics"]
    return {
        "environments": environments(vendor),
        "logs": logs(vendor),
        "metrics": json.dumps(metrics, default=str),
        "objects": objects(vendor),
        "processes": files(live, "*.log"),
        "state": state(live),
        "tables": tables(vendor),
    }


@pytest.fixture
def asked(warm: Watched) -> tuple[Watched, str]:
    """The vendor after it was asked in every way, well and badly, and what it said to those it refused."""
    token, said = warm.id_token(ref=new_name("secret")), []
    assert warm.asked(f"Bearer {token}").status == 200
    assert "SecretAccessKey" in warm.host_document(warm.host_events()[0])
    said += [warm.asked(f"Bearer {warm.bad_token({}, key='foreign')}").text, warm.asked(token, "no-such-grant").text]
    other = warm.id_token(ref=new_name("secret"))
    for trouble in ("ServiceUnavailable", "AccessDenied"):
        warm.set(sts_fail=trouble)
        said.append(warm.asked(other).text)
    said.append(json.dumps(warm.host_document(warm.host_events()[0])))
    warm.set(sts_fail="", kms_fail="ServiceUnavailable", dynamodb_fail="ServiceUnavailable")
    assert warm.asked(warm.id_token(ref=new_name("secret"))).status == 200
    warm.set(kms_fail="", dynamodb_fail="")
    warm.seen.add(f"Bearer {token}")
    return warm, "\n".join(said)


def test_no_secret_is_in_anything_that_the_stack_wrote(asked: tuple[Watched, str], live: Live) -> None:
    vendor, said = asked
    secrets = vendor.seen.secrets | {str(live.addresses[name]) for name in CONFIGURED}
    assert len(secrets) > 10
    eventually(lambda: "credentials refused" in logs(vendor), "the log has what was asked last")
    places = {**written(vendor, live), "errors": said}
    assert all(len(place) > 2 for place in places.values()), {name: len(place) for name, place in places.items()}
    assert found(secrets, places) == []


def plant_log(vendor: Watched, live: Live) -> None:
    group = {"logGroupName": f"/aws/lambda/{vendor.addresses['credentials_function']}", "logStreamName": PLANTED}
    vendor.aws("logs").create_log_stream(**group)
    event = {"message": f"token={PLANTED}", "timestamp": int(time.time() * 1000)}
    vendor.aws("logs").put_log_events(**group, logEvents=[event])


def plant_metric(vendor: Watched, live: Live) -> None:
    dimension = {"Name": "Token", "Value": PLANTED}
    vendor.aws("cloudwatch").put_metric_data(
        MetricData=[{"Dimensions": [dimension], "MetricName": "Planted", "Value": 1}], Namespace="Planted"
    )


def plant_item(vendor: Watched, live: Live) -> None:
    item = {"data": {"B": json.dumps({"session_token": PLANTED}).encode()}, "id": {"S": "planted"}}
    vendor.aws("dynamodb").put_item(Item=item, TableName=vendor.environment()["TABLE"])


def plant_object(vendor: Watched, live: Live) -> None:
    body = base64.b64encode(f"the token is {PLANTED}".encode())
    vendor.aws("s3").put_object(Body=body, Bucket=live.addresses["cache_bucket"], Key="planted")


def plant_file(vendor: Watched, live: Live) -> None:
    (live.stack.folder / "planted.log").write_text(urllib.parse.quote(f"GET /?token={PLANTED}"), encoding="utf-8")


@pytest.fixture
def cleaned(vendor: Watched, live: Live) -> Iterable[None]:
    """Take away what was planted, where it would be found later."""
    yield
    group = f"/aws/lambda/{vendor.addresses['credentials_function']}"
    vendor.aws("logs").delete_log_stream(logGroupName=group, logStreamName=PLANTED)
    vendor.aws("dynamodb").delete_item(Key={"id": {"S": "planted"}}, TableName=vendor.environment()["TABLE"])
    vendor.aws("s3").delete_object(Bucket=live.addresses["cache_bucket"], Key="planted")
    (live.stack.folder / "planted.log").unlink()


@pytest.mark.usefixtures("cleaned")
def test_a_planted_secret_is_found_wherever_it_is(vendor: Watched, live: Live) -> None:
    plants: dict[str, Callable[[Watched, Live], None]] = {
        "logs": plant_log,
        "metrics": plant_metric,
        "objects": plant_object,
        "processes": plant_file,
        "tables": plant_item,
    }
    for plant in plants.values():
        plant(vendor, live)
    eventually(lambda: PLANTED in logs(vendor), "the log has what was planted")
    assert sorted(place for place, _ in found([PLANTED], written(vendor, live))) == sorted(plants)
    # Where nothing can be planted, it is shown that the place is looked at: the fleet's name is in all of them.
    fleet = str(live.addresses["fleet"])
    assert {place for place, _ in found([fleet], written(vendor, live))} >= {"environments", "state"}
