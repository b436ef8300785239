"""Id_tokens: what GitLab puts into them, and the bad ones that a verifier must refuse."""

from __future__ import annotations

import functools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jwt
import pytest

from common.connections import aging_connections
from credentials.bounded import Bounded
from credentials.budget import Deadline
from credentials.gitlab import GitLab as KeyClient
from tests.tools.local.gitlab.certificates import make_chain
from tests.tools.local.gitlab.support import START, Client
from tools.local.gitlab import Request
from tools.local.gitlab.server import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tools.local.gitlab.server import Server

URL = "http://gitlab.local"


def issued(client: Client, claims: object = None, query: str = "") -> str:
    return str(client.control("POST", f"id_token{query}", claims)["id_token"])


def read(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def published(client: Client) -> dict[str, Any]:
    """Return the published keys by their ids, asked for as a verifier does: without a token."""
    answer: Any = client.gitlab.handle(Request("GET", "/oauth/discovery/keys")).json()
    return {entry["kid"]: jwt.PyJWK(entry).key for entry in answer["keys"]}


def verifies(client: Client, token: str) -> bool:
    key_id = jwt.get_unverified_header(token)["kid"]
    if key_id not in published(client):
        return False
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    try:
        jwt.decode(token, published(client)[key_id], algorithms=["RS256"], options=options)
    except jwt.InvalidTokenError:
        return False
    return True


def test_a_token_verifies_with_the_published_key(client: Client) -> None:
    assert verifies(client, issued(client))


def test_a_token_has_gitlabs_claims_in_gitlabs_types(client: Client) -> None:
    claims = read(issued(client))
    assert {name: type(claims[name]) for name in ("project_id", "job_id", "ref_protected", "runner_id", "exp")} == {
        "project_id": str,
        "job_id": str,
        "ref_protected": str,
        "runner_id": int,
        "exp": int,
    }
    assert (claims["iss"], claims["sub"]) == (URL, "project_path:acme/shop:ref_type:branch:ref:main")
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (START, START - 5, START + 3600)


def test_given_claims_override_and_null_removes(client: Client) -> None:
    claims = read(issued(client, {"aud": ["a", "b"], "exp": None, "project_id": 7}))
    assert (claims["aud"], claims["project_id"], "exp" in claims) == (["a", "b"], 7, False)


def test_the_audience_of_tokens_that_do_not_say_one_can_be_set(client: Client) -> None:
    assert read(issued(client))["aud"] == URL
    client.control("PUT", "settings", {"id_token_audience": "fleet"})
    assert read(issued(client))["aud"] == "fleet"


def test_a_known_jobs_token_tells_its_project_and_ref(client: Client) -> None:
    client.control("POST", "groups", {"path": "acme"})
    project = client.project(group="acme", name="web")
    [job] = client.jobs(project, ref="v1", tag=True)
    claims = read(issued(client, {"job_id": str(job)}))
    names = ("project_id", "project_path", "namespace_path", "ref", "ref_type", "ref_path", "ref_protected")
    assert [claims[name] for name in names] == [
        str(project), "acme/web", "acme", "v1", "tag", "refs/tags/v1", "false",
    ]  # fmt: skip


def test_after_a_rotation_only_the_new_key_is_published(client: Client) -> None:
    before = issued(client)
    client.control("POST", "keys/rotate")
    assert not verifies(client, before)
    assert verifies(client, issued(client))
    assert not verifies(client, issued(client, query="?key=previous"))


def test_keys_survive_a_reset(client: Client) -> None:
    token = issued(client)
    client.control("POST", "reset")
    assert verifies(client, token)


def test_a_foreign_key_does_not_verify_even_under_the_published_id(client: Client) -> None:
    [key_id] = published(client)
    header = quote(json.dumps({"kid": key_id}))
    assert not verifies(client, issued(client, query=f"?key=foreign&header={header}"))


def test_a_token_can_lack_its_signature_or_have_one_made_of_the_public_key(client: Client) -> None:
    unsigned = issued(client, query=f"?key=none&header={quote(json.dumps({'alg': 'none', 'typ': None}))}")
    assert unsigned.endswith(".")
    assert set(jwt.get_unverified_header(unsigned)) == {"alg", "kid"}
    confused = issued(client, query=f"?key=public&header={quote(json.dumps({'alg': 'HS256'}))}")
    assert not verifies(client, confused)


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("?key=mine", None, "key must be one of"),
        ("?key=previous", None, "POST /_control/keys/rotate"),
        ("?header=[]", None, "header must be a JSON object"),
        ("?header={", None, "header must be a JSON object"),
        ("", [1], "a JSON object of claims"),
    ],
)
def test_a_wrong_order_of_a_token_is_named(client: Client, query: str, body: object, words: str) -> None:
    response = client.send("POST", f"id_token{query}", body)
    assert response.status in {400, 409}
    assert words.encode() in response.body


def test_discovery_leads_to_the_keys(client: Client) -> None:
    content: Any = client.gitlab.handle(Request("GET", "/.well-known/openid-configuration")).json()
    assert (content["issuer"], content["jwks_uri"]) == (URL, f"{URL}/oauth/discovery/keys")
    assert {"project_id", "ref_protected", "namespace_id"} <= set(content["claims_supported"])


def test_the_vendor_fetches_the_keys_over_tls_with_the_stand_ins_own_authority(
    tmp_path: Path, serve: Callable[..., AbstractContextManager[Server]]
) -> None:
    chain = make_chain(tmp_path)
    with serve(tls_context(str(chain.certificate), str(chain.key))) as server, ThreadPoolExecutor(1) as pool:
        new_session = functools.partial(aging_connections, 60, pool_size=1, clock=time.time)
        vendor = KeyClient(server.endpoint, lambda ca: new_session(ca_pem=ca or None), str, Bounded(pool))
        vendor.use_ca(chain.authority.read_text())
        assert json.loads(vendor.keys(Deadline(5))) == server.gitlab.keys.key_set()
        assert server.endpoint.startswith("https://")
