"""The adapters against botocore's own models."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.stub import Stubber

from common import aws
from credentials import clients, metrics
from credentials.cipher import CipherError, CiphertextError, KmsCipher
from credentials.errors import RoleDeniedError, TokenError, UnavailableError, VendError
from credentials.metrics import Metrics
from credentials.model import Mode, Session
from credentials.sts import GrantFaultError, Sts
from credentials.table import DynamoTable, Item, TableError
from tests.lambda_src.credentials.fakes import NOW, Clock, FakeS3, Lines
from tests.lambda_src.credentials.world import ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "k" * 64
ID = {"id": {"S": f"session#{KEY}"}}
SESSION = Session(Mode.ASSUME_ROLE, ROLE, "name", "identity", ("x",), 3600, "v1")
GIVEN = {
    "AccessKeyId": "ASIA1234567890123456",
    "SecretAccessKey": "s",
    "SessionToken": "t",
    "Expiration": datetime.fromtimestamp(NOW, tz=UTC),
}


class Stubbed:
    """A client of botocore whose answers are set beforehand."""

    def __init__(self, service: str) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        make: Callable[..., Any] = boto3.client
        self.client = make(service, region_name="eu-west-1", **keys)
        self.stub = Stubber(self.client)
        self.stub.activate()

    def __call__(self) -> Any:
        return self.client


@pytest.fixture
def make() -> Iterator[Callable[[str], Stubbed]]:
    made: list[Stubbed] = []

    def one(service: str) -> Stubbed:
        made.append(Stubbed(service))
        return made[-1]

    yield one
    for stubbed in made:
        stubbed.stub.assert_no_pending_responses()
        stubbed.client.close()


def test_the_table_is_read_consistently(make: Callable[[str], Stubbed]) -> None:
    dynamodb = make("dynamodb")
    asked = {"TableName": "t", "Key": ID, "ConsistentRead": True}
    stored = {"data": {"B": b"c"}, "expires_at": {"N": "10"}, "ttl": {"N": "5"}, "lease_until": {"N": "2.500"}}
    dynamodb.stub.add_response("get_item", {"Item": {**ID, **stored}}, asked)
    dynamodb.stub.add_response("get_item", {}, asked)
    table = DynamoTable(dynamodb, "t")
    assert table.read(KEY) == Item(b"c", 10, 5, 2.5)
    assert table.read(KEY) is None


def test_a_lease_is_a_conditional_write(make: Callable[[str], Stubbed]) -> None:
    dynamodb = make("dynamodb")
    dynamodb.stub.add_response("update_item", {})
    dynamodb.stub.add_client_error("update_item", "ConditionalCheckFailedException")
    dynamodb.stub.add_client_error("update_item", "ThrottlingException")
    table = DynamoTable(dynamodb, "t")
    assert table.lease(KEY, "me", now=1.0, until=6.0, needed=1000.5)
    assert not table.lease(KEY, "me", now=1.0, until=6.0, needed=1000.5)
    with pytest.raises(TableError, match="cannot be written"):
        table.lease(KEY, "me", now=1.0, until=6.0, needed=1000.5)


def test_a_session_is_stored_whole_and_a_lease_given_back_only_if_it_is_ours(make: Callable[[str], Stubbed]) -> None:
    dynamodb = make("dynamodb")
    whole = {**ID, "data": {"B": b"c"}, "expires_at": {"N": "10"}, "ttl": {"N": "5"}}
    dynamodb.stub.add_response("put_item", {}, {"TableName": "t", "Item": whole})
    dynamodb.stub.add_client_error("put_item", "ResourceNotFoundException")
    dynamodb.stub.add_response("update_item", {})
    dynamodb.stub.add_client_error("update_item", "ConditionalCheckFailedException")
    dynamodb.stub.add_client_error("update_item", "InternalServerError")
    table = DynamoTable(dynamodb, "t")
    table.store(KEY, Item(b"c", 10, 5, 0))
    with pytest.raises(TableError):
        table.store(KEY, Item(b"c", 10, 5, 0))
    table.release(KEY, "me")
    table.release(KEY, "me")
    with pytest.raises(TableError):
        table.release(KEY, "me")


def test_kms_gets_the_key_and_the_context(make: Callable[[str], Stubbed]) -> None:
    kms = make("kms")
    context = {"key": "k"}
    shared = {"KeyId": "key-1", "EncryptionContext": context}
    kms.stub.add_response("encrypt", {"CiphertextBlob": b"c"}, {**shared, "Plaintext": b"p"})
    kms.stub.add_response("decrypt", {"Plaintext": b"p"}, {**shared, "CiphertextBlob": b"c"})
    kms.stub.add_client_error("encrypt", "DisabledException")
    kms.stub.add_client_error("decrypt", "InvalidCiphertextException")
    kms.stub.add_client_error("decrypt", "KMSInternalException", http_status_code=500)
    cipher = KmsCipher(kms, "key-1")
    assert cipher.encrypt(b"p", context) == b"c"
    assert cipher.decrypt(b"c", context) == b"p"
    with pytest.raises(CipherError, match="does not encrypt"):
        cipher.encrypt(b"p", context)
    with pytest.raises(CiphertextError):
        cipher.decrypt(b"c", context)
    with pytest.raises(CipherError, match="does not decrypt"):
        cipher.decrypt(b"c", context)
    with pytest.raises(CipherError, match="4097 bytes"):
        cipher.encrypt(b"x" * 4097, context)


def sts(stubbed: Callable[[], Any], renewed: list[bool] | None = None) -> tuple[Sts, Lines]:
    lines = Lines()
    gauge = Metrics("blue", lines, Clock())
    made = Sts(stubbed, lambda: (renewed if renewed is not None else []).append(True), gauge)
    return made, lines


def test_a_role_is_assumed_with_everything_that_the_session_says(make: Callable[[str], Stubbed]) -> None:
    stubbed = make("sts")
    plain = {"RoleArn": ROLE, "RoleSessionName": "name", "DurationSeconds": 3600, "SourceIdentity": "identity"}
    stubbed.stub.add_response("assume_role", {"Credentials": GIVEN}, plain)
    more = {**plain, "Policy": "{}", "Tags": [{"Key": "ref", "Value": "main"}], "ExternalId": "x-1"}
    stubbed.stub.add_response("assume_role", {"Credentials": GIVEN}, more)
    made, _ = sts(stubbed)
    assert made.session(SESSION, "").access_key_id == "ASIA1234567890123456"
    full = replace(SESSION, policy="{}", tags=(("ref", "main"),), external_id="x-1")
    assert made.session(full, "").expires_at == NOW


def test_web_identity_passes_the_jobs_token_and_no_tags(make: Callable[[str], Stubbed]) -> None:
    stubbed = make("sts")
    asked = {"RoleArn": ROLE, "RoleSessionName": "name", "DurationSeconds": 3600, "WebIdentityToken": "a.b.c"}
    stubbed.stub.add_response("assume_role_with_web_identity", {"Credentials": GIVEN}, asked)
    made, _ = sts(stubbed)
    assert made.session(replace(SESSION, mode=Mode.WEB_IDENTITY), "a.b.c").expires_at == NOW


CLASSES: list[tuple[str, int, Mode, type[VendError], bool]] = [
    ("AccessDenied", 403, Mode.ASSUME_ROLE, RoleDeniedError, False),
    ("Throttling", 400, Mode.ASSUME_ROLE, UnavailableError, False),
    ("ThrottlingException", 400, Mode.ASSUME_ROLE, UnavailableError, False),
    ("InternalFailure", 500, Mode.ASSUME_ROLE, UnavailableError, False),
    ("Unknown", 502, Mode.ASSUME_ROLE, UnavailableError, False),
    ("ExpiredToken", 403, Mode.ASSUME_ROLE, UnavailableError, True),
    ("InvalidClientTokenId", 403, Mode.ASSUME_ROLE, UnavailableError, True),
    ("ValidationError", 400, Mode.ASSUME_ROLE, GrantFaultError, False),
    ("PackedPolicyTooLarge", 400, Mode.ASSUME_ROLE, GrantFaultError, False),
    ("MalformedPolicyDocument", 400, Mode.ASSUME_ROLE, GrantFaultError, False),
    ("IDPCommunicationError", 400, Mode.WEB_IDENTITY, UnavailableError, False),
    ("ExpiredTokenException", 400, Mode.WEB_IDENTITY, TokenError, False),
    ("InvalidIdentityToken", 400, Mode.WEB_IDENTITY, GrantFaultError, False),
    ("AccessDenied", 403, Mode.WEB_IDENTITY, RoleDeniedError, False),
]


@pytest.mark.parametrize(("code", "status", "mode", "kind", "renews"), CLASSES, ids=[f"{c[0]}-{c[2]}" for c in CLASSES])
def test_errors_of_sts_are_told_apart(
    make: Callable[[str], Stubbed], code: str, status: int, mode: Mode, kind: type[VendError], *, renews: bool
) -> None:
    stubbed = make("sts")
    operation = "assume_role" if mode is Mode.ASSUME_ROLE else "assume_role_with_web_identity"
    stubbed.stub.add_client_error(operation, code, "value 'a.b.c' is not valid", http_status_code=status)
    renewed: list[bool] = []
    made, lines = sts(stubbed, renewed)
    with pytest.raises(kind) as caught:
        made.session(replace(SESSION, mode=mode), "a.b.c")
    assert type(caught.value) is kind
    assert bool(renewed) == renews
    assert ("a.b.c" in caught.value.reason) == (mode is Mode.ASSUME_ROLE)
    made._gauge.flush()
    assert lines.figures()[metrics.FAILURES] == 1
    assert made.in_flight == 0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="x"), UnavailableError),
        (ConnectTimeoutError(endpoint_url="x"), UnavailableError),
    ],
)
def test_silence_of_sts_is_worth_another_try(error: Exception, kind: type[VendError]) -> None:
    class Silent:
        def assume_role(self, **_: Any) -> dict[str, Any]:
            raise error

    with pytest.raises(kind):
        sts(Silent)[0].session(SESSION, "")


def test_what_botocore_refuses_to_send_is_not_tried_again(make: Callable[[str], Stubbed]) -> None:
    stubbed = make("sts")
    stubbed.stub.deactivate()
    with pytest.raises(GrantFaultError):
        sts(stubbed)[0].session(replace(SESSION, name="x"), "")


@pytest.mark.parametrize("missing", ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"])
def test_an_answer_with_a_part_missing_is_a_failure(missing: str) -> None:
    class Partial:
        def assume_role(self, **_: Any) -> dict[str, Any]:
            return {"Credentials": {name: value for name, value in GIVEN.items() if name != missing}}

    with pytest.raises(UnavailableError):
        sts(Partial)[0].session(SESSION, "")


@pytest.mark.parametrize("build", [clients.sts, clients.dynamodb, clients.kms, clients.ssm])
def test_clients_are_regional_and_do_not_retry_by_themselves(
    build: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ):
        monkeypatch.setenv(name, value)
    made = build()
    assert "us-east-1" in made.meta.endpoint_url
    assert made.meta.config.retries["total_max_attempts"] == 1
    assert made.meta.config.connect_timeout <= 2
    made.close()


def test_a_renewed_client_has_the_credentials_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    client = clients.LockedClient(clients.kms, Clock())
    keys = []
    for key in ("AKIAOLD", "AKIANEW"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        client.renew()
        made: Any = client()
        keys.append(made._request_signer._credentials.access_key)
        made.close()
    aws.session.cache_clear()
    assert keys == ["AKIAOLD", "AKIANEW"]


def test_a_client_is_made_anew_when_somebody_asks_for_it() -> None:
    built: list[FakeS3] = []

    def build() -> FakeS3:
        built.append(FakeS3(b""))
        return built[-1]

    client = clients.LockedClient(build, Clock())
    assert client() is client()
    client.renew()
    assert client() is built[1]
