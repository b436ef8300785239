"""The credential vendor of a running stack, watched: what it gave and to whom, and what must never be found."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.support import eventually
from tools.demo.vendor import Vendor
from tools.local import control

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKING = {
    f"{service}_{what}": value
    for service in ("dynamodb", "kms", "s3", "sts")
    for what, value in (("delay_seconds", 0), ("fail", ""))
}
"""The settings of the local AWS with which every service works."""


@dataclass
class Seen:
    """What the tests have seen and done: every secret that passed, and how many containers the function may have."""

    secrets: set[str] = field(default_factory=set)
    containers: int = 0

    def add(self, *secrets: str) -> None:
        """Remember secrets."""
        self.secrets.update(secret for secret in secrets if secret)


@dataclass(frozen=True)
class HttpAnswer:
    """What door 1 answered through its URL."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Watched(Vendor):
    """The vendor, with every secret that passes remembered."""

    seen: Seen = field(default_factory=Seen)

    def id_token(self, **claims: object) -> str:
        """Return an id_token for the sample grant."""
        token = super().id_token(**claims)
        self.seen.add(token, token.rpartition(".")[2])
        return token

    def bad_token(self, claims: Mapping[str, object], key: str = "current", **header: object) -> str:
        """Return a token that is bad in some way: by its claims, its key or its header."""
        given = {**self.addresses["sample_claims"], "aud": self.environment()["AUDIENCE"], **claims}
        query = urllib.parse.urlencode({"header": json.dumps(header), "key": key})
        token = str(control.request("POST", f"{self.addresses['id_token_url']}?{query}", given)["id_token"])
        self.seen.add(token)
        return token

    def asked(self, authorization: str, grant: str | None = None) -> HttpAnswer:
        """Ask at door 1 with an Authorization header."""
        request = urllib.request.Request(self.grant_url(grant), headers={"Authorization": authorization})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return self.answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return self.answer(error.code, dict(error.headers), error.read())

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Return an answer, the secrets in it remembered."""
        document = json.loads(body or b"{}")
        self.seen.add(str(document.get("SecretAccessKey", "")), str(document.get("Token", "")))
        return HttpAnswer(status, headers, document, body.decode())

    def request(self, token: str, grant: str | None = None) -> tuple[int, dict[str, Any]]:
        """Ask at door 1; return the status and the document."""
        answer = self.asked(token, grant)
        return answer.status, answer.document

    def host_document(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Ask at door 2 and return what the runner host gets."""
        answer = self.aws("lambda").invoke(
            FunctionName=self.addresses["credentials_function"], Payload=json.dumps(event), Qualifier="hosts"
        )
        document: dict[str, Any] = json.loads(answer["Payload"].read())
        self.seen.add(str(document.get("SecretAccessKey", "")), str(document.get("SessionToken", "")))
        return document

    def containers(self, count: int) -> None:
        """Let the next calls start new containers, at most so many."""
        super().containers(count)
        self.seen.containers = count

    def set(self, **settings: object) -> dict[str, Any]:
        """Change settings of the local AWS and return all of them."""
        address = f"{self.addresses['aws_endpoint']}/_local/settings"
        changed: dict[str, Any] = control.request("PUT", address, settings)
        return changed

    def grant_url(self, grant: str | None = None) -> str:
        """Return the address of a grant, the sample grant unless another is named."""
        base = str(self.addresses["credentials_url"]).rstrip("/")
        return f"{base}/v1/credentials/{grant or self.addresses['sample_grant']}"

    def job_variables(self, token: str) -> dict[str, str]:
        """Return the two variables that a CI job needs."""
        return {"AWS_CONTAINER_AUTHORIZATION_TOKEN": token, "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.grant_url()}

    def audited(self, job: str, since: float, count: int) -> list[dict[str, Any]]:
        """Return the audit lines of a job when there are so many; the log lags a little."""

        def lines() -> list[dict[str, Any]]:
            entries = [json.loads(line) for line in self.log_lines(since) if line.startswith("{") and '"door"' in line]
            return [entry for entry in entries if entry["claims"].get("job_id") == job]

        eventually(lambda: len(lines()) >= count, f"{count} audit lines of job {job}")
        return lines()


def new_name(prefix: str) -> str:
    """Return a name that nothing has had yet."""
    return f"{prefix}-{time.time_ns()}"
