"""Put the vendor together."""

from __future__ import annotations

import logging
import random
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from common import telemetry
from common.connections import aging_connections
from common.secrets import SecretError, SecretStore
from credentials import audit, clients, metrics
from credentials.authenticate.keys import KeyStore
from credentials.authenticate.token import TokenVerifier
from credentials.bounded import Bounded
from credentials.cipher import KmsCipher
from credentials.clients import LockedClient
from credentials.doors import Doors
from credentials.errors import UnavailableError
from credentials.flights import Flights
from credentials.gitlab import GitLab
from credentials.grant_store import GrantsObject, GrantStore
from credentials.local_cache import LocalCache
from credentials.metrics import Metrics
from credentials.mint import Mint
from credentials.shared_cache import Clocks, NoSharedCache, Shared, SharedCache
from credentials.sts import Sts
from credentials.table import DynamoTable
from credentials.vend import Place, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sts import STSClient
    from urllib3 import PoolManager

    from credentials.check import GrantCheck
    from credentials.grants import Grants
    from credentials.model import Served
    from credentials.settings import Settings

# A container serves one request at a time; more calls than a few are left-overs of requests whose time was over.
MAX_FLIGHTS = 16
_CLOCKS = Clocks(now=time.time, sleep=time.sleep, random=random.random, new_id=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Container:
    """What lives as long as a container.

    Args:
        doors: answers invocations.
        check: returns what tries the grants.
        logs: writes the logs.
        gauge: writes the metrics.
        local: the sessions that are held.
        sts: asks for sessions.
    """

    doors: Doors
    check: Callable[[], GrantCheck]
    logs: telemetry.JsonFormatter
    gauge: Metrics
    local: LocalCache
    sts: Sts


def container(settings: Settings) -> Container:
    """Return a new container; its clients are made, and nothing has been asked for yet."""
    logs = telemetry.configure(settings.fleet, settings.log_level)
    # Who got which credentials is written down at every log level.
    audit.log.setLevel(logging.INFO)
    gauge = Metrics(settings.fleet, _write_line, time.time)
    bounded = Bounded(ThreadPoolExecutor(MAX_FLIGHTS, "bounded"))
    local = LocalCache(time.time, random.random)
    sts_client = LockedClient(clients.sts, time.time)
    sts = Sts(sts_client, sts_client.renew, gauge)
    sts_client()
    flights: Flights[Served] = Flights(ThreadPoolExecutor(MAX_FLIGHTS, "mint"), MAX_FLIGHTS)
    mint = Mint(local, _shared_cache(settings, bounded, gauge), sts, flights, _CLOCKS)
    gitlab = GitLab(
        settings.gitlab_url, _NewPools(settings.gitlab_connection_max_age_seconds), _token(settings), bounded
    )
    verifier = TokenVerifier(settings.gitlab_url, settings.audience, KeyStore(gitlab.keys, time.time), time.time)
    place = Place(settings.fleet, settings.region, settings.partition, settings.cache_area)
    vendor = Vendor(place, verifier, mint, gitlab, gauge)

    def on_grants(grants: Grants) -> None:
        gitlab.use_ca(grants.gitlab_ca_pem)
        local.use_epoch(grants.epoch)

    source = _grants_object(settings, sts_client)
    grants = GrantStore(source, bounded, time.time, lambda: gauge.count(metrics.GRANT_ERRORS))
    doors = Doors(vendor, grants, on_grants)
    return Container(doors, lambda: _check(settings, place, sts_client), logs, gauge, local, sts)


def _check(settings: Settings, place: Place, sts_client: LockedClient[STSClient]) -> GrantCheck:
    # Lazy: no job and no host needs it.
    from credentials.check import GrantCheck  # noqa: PLC0415

    # Trials are neither hits nor misses: what they count is written nowhere.
    silent = Metrics(settings.fleet, lambda _: None, time.time)
    return GrantCheck(place, _grants_object(settings, sts_client), Sts(sts_client, sts_client.renew, silent), _CLOCKS)


def _grants_object(settings: Settings, sts_client: LockedClient[STSClient]) -> GrantsObject:
    s3_client = LockedClient(partial(clients.s3, sts_client().meta.endpoint_url), time.time)
    s3_client()
    return GrantsObject(s3_client, settings.grants_bucket, settings.grants_key)


def _shared_cache(settings: Settings, bounded: Bounded, gauge: Metrics) -> Shared:
    if not settings.shared_cache:
        return NoSharedCache()
    table = DynamoTable(LockedClient(clients.dynamodb, time.time), settings.table)
    cipher = KmsCipher(LockedClient(clients.kms, time.time), settings.kms_key_id)
    table.prepare()
    cipher.prepare()
    return SharedCache(table, cipher, settings.table, bounded=bounded, gauge=gauge, clocks=_CLOCKS)


@dataclass(frozen=True)
class _NewPools:
    max_age_seconds: float

    def __call__(self, ca_pem: str) -> PoolManager:
        return aging_connections(self.max_age_seconds, ca_pem=ca_pem or None, pool_size=MAX_FLIGHTS, clock=time.time)


@dataclass(frozen=True)
class _Token:
    """The token that reads jobs; its SSM client is made when a grant first needs it."""

    store: SecretStore
    parameter: str

    def __call__(self) -> str:
        if not self.parameter:
            raise UnavailableError(
                "GitLab cannot be asked about the job", "require_running_job needs GITLAB_TOKEN_PARAMETER"
            )
        try:
            return self.store.values(self.parameter)[0]
        except SecretError as error:
            raise UnavailableError("GitLab cannot be asked about the job", str(error)) from error


def _token(settings: Settings) -> _Token:
    store = SecretStore(LockedClient(clients.ssm, time.time), time.time)
    return _Token(store, settings.gitlab_token_parameter)


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
