"""A whole vendor without a network: containers that share AWS, and requests to them."""

from __future__ import annotations

import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from credentials.authenticate.keys import KeyStore
from credentials.authenticate.token import TokenVerifier
from credentials.bounded import Bounded
from credentials.budget import Deadline
from credentials.cipher import KmsCipher
from credentials.doors import Doors
from credentials.flights import Flights
from credentials.grant_store import GrantsObject, GrantStore
from credentials.local_cache import LocalCache
from credentials.metrics import Metrics
from credentials.mint import Mint
from credentials.model import CacheArea, Served
from credentials.shared_cache import Clocks, NoSharedCache, Shared, SharedCache
from credentials.sts import Sts
from credentials.table import DynamoTable
from credentials.vend import Place, Vendor
from tests.lambda_src.credentials import tokens
from tests.lambda_src.credentials.fake_dynamo import FakeDynamo
from tests.lambda_src.credentials.fakes import Clock, FakeKms, FakeS3, FakeSts, Lines

ROLE = "arn:aws:iam::123456789012:role/deploy"
CACHE_ROLE = "arn:aws:iam::123456789012:role/fleet/cache"
AREA = CacheArea("my-cache", "fleet-a", "arn:aws:kms:eu-west-1:123456789012:key/1")


def grants(**changes: Any) -> dict[str, Any]:
    """Return the grants document; the keywords are further grants."""
    return {
        "version": 1,
        "grants": {
            "deploy": {"role_arn": ROLE, "callers": "gitlab_job", "match": {"project_id": 20}},
            "cache": {"role_arn": CACHE_ROLE, "callers": "runner", "kind": "s3_cache"},
            **changes,
        },
    }


@dataclass
class Aws:
    """What all containers share."""

    clock: Clock = field(default_factory=Clock)
    dynamo: FakeDynamo = field(default_factory=FakeDynamo)
    kms: FakeKms = field(default_factory=FakeKms)

    def __post_init__(self) -> None:
        self.sts = FakeSts(self.clock)


@dataclass
class GitLabFake:
    """GitLab's keys and jobs."""

    keys: bytes = field(default_factory=tokens.key_set)
    jobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    failure: Exception | None = None
    fetches: int = 0

    def fetch(self, deadline: Deadline) -> bytes:
        self.fetches += 1
        if self.failure:
            raise self.failure
        return self.keys

    def job(self, project_id: str, job_id: str, deadline: Deadline) -> bytes | None:
        if self.failure:
            raise self.failure
        return self.jobs.get((project_id, job_id))


class Container:
    """One Lambda container.

    Args:
        aws: what it shares with others.
        document: the grants document.
        shared: whether there is a shared cache.
        budget_seconds: what the shared cache may cost; long, so that a busy machine changes no result.
    """

    def __init__(
        self, aws: Aws, document: dict[str, Any] | None = None, *, shared: bool = True, budget_seconds: float = 5
    ) -> None:
        self._budget_seconds = budget_seconds
        self.aws, self.gitlab, self.lines = aws, GitLabFake(), Lines()
        self.s3 = FakeS3(json.dumps(document or grants()).encode())
        self.gauge = Metrics("blue", self.lines, aws.clock)
        self.pools = [ThreadPoolExecutor(16), ThreadPoolExecutor(16)]
        self.local = LocalCache(aws.clock, random.Random(7).random)
        self.clocks = Clocks(aws.clock, time.sleep, random.random, lambda: uuid.uuid4().hex)
        self.sts = Sts(lambda: aws.sts, lambda: None, self.gauge)  # type: ignore[arg-type, return-value]
        self.flights: Flights[Served] = Flights(self.pools[0], 16)
        self.mint = Mint(self.local, self._shared(enabled=shared), self.sts, self.flights, self.clocks)
        keys = KeyStore(self.gitlab.fetch, aws.clock)
        verifier = TokenVerifier(tokens.ISSUER, tokens.AUDIENCE, keys, aws.clock)
        place = Place("blue", "eu-west-1", "aws", AREA)
        vendor = Vendor(place, verifier, self.mint, self.gitlab, self.gauge)
        source = GrantsObject(lambda: self.s3, "b", "grants.json")
        store = GrantStore(source, Bounded(self.pools[1]), aws.clock, lambda: None)
        self.doors = Doors(vendor, store, lambda grants: self.local.use_epoch(grants.epoch))

    def _shared(self, *, enabled: bool) -> Shared:
        if not enabled:
            return NoSharedCache()
        table = DynamoTable(lambda: self.aws.dynamo, "blue-credentials")  # type: ignore[arg-type, return-value]
        cipher = KmsCipher(lambda: self.aws.kms, "key-1")  # type: ignore[arg-type, return-value]
        return SharedCache(
            table,
            cipher,
            "blue-credentials",
            bounded=Bounded(self.pools[1]),
            gauge=self.gauge,
            clocks=self.clocks,
            budget_seconds=self._budget_seconds,
        )

    def job(self, token: str | None = None, grant: str = "deploy", seconds: float = 10, **claims: Any) -> Answer:
        given = tokens.token(**claims) if token is None else token
        return Answer(self.doors.answer_job(url_event(given, grant), Deadline(seconds)))

    def host(self, seconds: float = 8.0, grant: str = "cache", **parameters: Any) -> dict[str, Any]:
        event = {"version": 1, "grant": grant, "parameters": parameters}
        return self.doors.answer_host(event, Deadline(seconds))

    def flush(self) -> dict[str, Any]:
        """Return the metrics since the last time."""
        self.gauge.flush()
        return self.lines.figures()

    def close(self) -> None:
        for pool in self.pools:
            pool.shutdown()


@dataclass
class Answer:
    """An HTTP answer."""

    raw: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.raw["statusCode"])

    @property
    def body(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.raw["body"])
        return document

    @property
    def key_id(self) -> str:
        return str(self.body["AccessKeyId"])


def url_event(token: str | None, grant: str = "deploy", **changes: Any) -> dict[str, Any]:
    """Return a function URL event."""
    headers = {} if token is None else {"authorization": token}
    return {
        "version": "2.0",
        "rawPath": f"/v1/credentials/{grant}",
        "rawQueryString": "",
        "headers": {"host": "abc.lambda-url.eu-west-1.on.aws", **headers},
        "requestContext": {"http": {"method": "GET", "sourceIp": "198.51.100.7"}},
        "isBase64Encoded": False,
        **changes,
    }
