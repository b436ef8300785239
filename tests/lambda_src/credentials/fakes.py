"""Stand-ins for the vendor's neighbours: AWS clients that refuse what AWS refuses, GitLab's keys, and time."""

# ruff: noqa: N803 - the arguments are named by AWS

from __future__ import annotations

import io
import json
import os
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_795_316_400  # 2026-11-22T03:00:00Z
CANARY_SECRET = "canary-secret-access-key"
CANARY_SESSION = "canary-session-token"


@dataclass
class Clock:
    """A wall clock that is moved by hand."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    for _ in range(5000):
        if condition():
            return
        time.sleep(0.001)
    raise AssertionError("it did not happen")


def refusal(code: str, status: int = 400, operation: str = "Operation", message: str = "no") -> ClientError:
    said: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, operation)


@dataclass
class FakeKms:
    """A KMS key that authenticates its ciphertext and context, and takes 4096 bytes."""

    failure: Exception | None = None
    delay_seconds: float = 0.0
    calls: list[str] = field(default_factory=list)
    contexts: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._key = AESGCM(AESGCM.generate_key(256))

    def close(self) -> None:
        """Nothing is open."""

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        if self.failure:
            raise self.failure

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:
        self._called("encrypt")
        self.contexts.append(dict(EncryptionContext))
        if len(Plaintext) > 4096:
            raise refusal("ValidationException")
        nonce = os.urandom(12)
        return {"CiphertextBlob": nonce + self._key.encrypt(nonce, Plaintext, _aad(KeyId, EncryptionContext))}

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:
        self._called("decrypt")
        try:
            plain = self._key.decrypt(CiphertextBlob[:12], CiphertextBlob[12:], _aad(KeyId, EncryptionContext))
        except (InvalidTag, ValueError) as error:
            raise refusal("InvalidCiphertextException") from error
        return {"Plaintext": plain}


def _aad(key_id: str, context: dict[str, str]) -> bytes:
    return json.dumps([key_id, sorted(context.items())]).encode()


_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


@dataclass
class FakeSts:
    """STS with its limits. Each call gets new credentials."""

    clock: Callable[[], float]
    failures: list[Exception] = field(default_factory=list)
    down: Exception | None = None
    delay_seconds: float = 0.0
    gate: threading.Event | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    empty: bool = False
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._at_once = 0

    def close(self) -> None:
        """Nothing is open."""

    def assume_role(self, **request: Any) -> dict[str, Any]:
        return self._answer(request)

    def assume_role_with_web_identity(self, **request: Any) -> dict[str, Any]:
        assert "Tags" not in request
        assert "SourceIdentity" not in request
        return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.gate:
                assert self.gate.wait(5)
            if self.delay_seconds:
                time.sleep(self.delay_seconds)
            if self.down:
                raise self.down
            if self.failures:
                raise self.failures.pop(0)
            _check_limits(request)
            return {} if self.empty else {"Credentials": self._credentials(number, request)}
        finally:
            with self._lock:
                self._at_once -= 1

    def _credentials(self, number: int, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "AccessKeyId": f"ASIA{number:016d}",
            "SecretAccessKey": f"{CANARY_SECRET}-{number}",
            "SessionToken": f"{CANARY_SESSION}-{number}" + "x" * 600,
            "Expiration": datetime.fromtimestamp(self.clock() + request["DurationSeconds"], tz=UTC),
        }


def _check_limits(request: dict[str, Any]) -> None:
    tags = request.get("Tags", [])
    is_fine = (
        _NAME.fullmatch(request["RoleSessionName"])
        and _NAME.fullmatch(request.get("SourceIdentity", "none"))
        and 900 <= request["DurationSeconds"] <= 43200
        and len(request.get("Policy", "")) <= 2048
        and (not request.get("Policy") or isinstance(json.loads(request["Policy"]), dict))
        and len(tags) <= 50
        and all(1 <= len(tag["Key"]) <= 128 and len(tag["Value"]) <= 256 for tag in tags)
    )
    if not is_fine:
        raise refusal("ValidationError")


@dataclass
class FakeS3:
    """A bucket with one object."""

    body: bytes
    etag: str = '"1"'
    failure: Exception | None = None
    reads: int = 0
    length: int | None = None
    slow: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        """Nothing is open."""

    def get_object(self, *, Bucket: str, Key: str, IfNoneMatch: str) -> dict[str, Any]:
        self.reads += 1
        if self.reads <= self.slow:
            self.stopped.wait(5)
        if self.failure:
            raise self.failure
        if IfNoneMatch == self.etag:
            raise refusal("304", 304)
        length = len(self.body) if self.length is None else self.length
        return {"ETag": self.etag, "ContentLength": length, "Body": io.BytesIO(self.body)}


@dataclass
class Lines:
    """What the metrics wrote."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def figures(self) -> dict[str, Any]:
        """Return the last line's figures: durations as a list, the others as numbers."""
        figures: dict[str, Any] = json.loads(self.lines[-1]) if self.lines else {}
        return {n: v[0] if isinstance(v, list) and not n.endswith("Seconds") else v for n, v in figures.items()}
