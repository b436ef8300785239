"""The credential vendor with IAM enforced: what Terraform's policies let its role, and runner hosts, do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.credentials_support import new_name
from tests.e2e.support import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.credentials_support import Watched

pytestmark = pytest.mark.e2e

RUNNER, SCALER, VENDOR = "runner", "scaler", "credentials"
GRANTED = ["cache", "deploy"]
"""How the names of the roles end that the fleet has, and that the grants name."""


@pytest.fixture
def enforced(vendor: Watched) -> Iterator[Watched]:
    """The vendor in containers that have the rights of its role and no others."""
    vendor.set(iam=True)
    vendor.containers(1)
    try:
        yield vendor
    finally:
        vendor.set(iam=False)
        vendor.containers(1)


def arn(vendor: Watched, ending: str) -> str:
    """Return the ARN of the role with a name that ends so."""
    roles = vendor.aws("iam").list_roles()["Roles"]
    (found,) = [str(role["Arn"]) for role in roles if role["RoleName"].endswith(f"-{ending}")]
    return found


def session(vendor: Watched, role: str) -> dict[str, str]:
    """Return a session of a role, as the service that may take it would get; made while IAM is not enforced."""
    role_arn = arn(vendor, role)
    vendor.set(iam=False)
    answer = vendor.aws("sts").assume_role(RoleArn=role_arn, RoleSessionName="under-test")["Credentials"]
    vendor.set(iam=True)
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def client(vendor: Watched, service: str, keys: dict[str, str]) -> Any:
    make: Callable[..., Any] = boto3.client
    return make(service, endpoint_url=vendor.addresses["aws_endpoint"], region_name="us-east-1", **keys)


def is_allowed(call: Callable[..., object], **parameters: object) -> bool:
    """Tell whether IAM lets a call pass, whatever its answer says then."""
    try:
        call(**parameters)
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return False
        raise
    return True


def test_with_its_own_rights_alone_the_vendor_serves_both_doors_and_shares_sessions(enforced: Watched) -> None:
    token, event = enforced.id_token(ref=new_name("iam")), enforced.host_events()[0]
    eventually(lambda: enforced.request(token)[0] == 200, "a job is served")
    assert "SecretAccessKey" in enforced.host_document(event)
    eventually(lambda: is_shared(enforced, event), "a new container has the session of another one")


def is_shared(vendor: Watched, event: dict[str, Any]) -> bool:
    """Tell whether a container that has never been asked answers without STS."""
    vendor.containers(1)
    before = vendor.sts_calls()
    return "SecretAccessKey" in vendor.host_document(event) and vendor.sts_calls() == before


def test_the_vendors_role_can_take_the_grants_roles_and_no_others(enforced: Watched) -> None:
    other = new_name("other")
    trust = enforced.aws("iam").get_role(RoleName=arn(enforced, "deploy").rpartition("/")[2])["Role"]
    enforced.aws("iam").create_role(
        AssumeRolePolicyDocument=json.dumps(trust["AssumeRolePolicyDocument"]), RoleName=f"trusting-{other}"
    )
    names = {"RoleSessionName": "job", "SourceIdentity": "job"}
    try:
        sts = client(enforced, "sts", session(enforced, VENDOR))
        taken = {
            role: is_allowed(sts.assume_role, RoleArn=arn(enforced, role), **names)
            for role in (*GRANTED, other, RUNNER, SCALER)
        }
    finally:
        enforced.aws("iam").delete_role(RoleName=f"trusting-{other}")
    assert [role for role, allowed in taken.items() if allowed] == GRANTED


@pytest.mark.parametrize("role", [RUNNER, SCALER])
def test_nobody_but_the_vendor_can_take_a_grants_role(enforced: Watched, role: str) -> None:
    sts = client(enforced, "sts", session(enforced, role))
    assert not is_allowed(sts.assume_role, RoleArn=arn(enforced, "deploy"), RoleSessionName="job")


def doors(vendor: Watched, keys: dict[str, str]) -> list[str]:
    """Return what a session can invoke."""
    invoke = client(vendor, "lambda", keys).invoke
    function = vendor.addresses["credentials_function"]
    event = json.dumps(vendor.host_events()[0])
    ways = {
        **{door: {"FunctionName": function, "Qualifier": door} for door in ("hosts", "jobs", "1")},
        "unqualified": {"FunctionName": function},
        "scaler": {"FunctionName": vendor.addresses["scaler_function"]},
    }
    return [door for door, way in ways.items() if is_allowed(invoke, Payload=event, **way)]


def test_a_runner_host_can_invoke_the_door_for_hosts_and_nothing_else(enforced: Watched) -> None:
    # The fleet's own hosts may do so when the cache's credentials are vended; what they may not, they never may.
    assert doors(enforced, session(enforced, RUNNER)) in ([], ["hosts"])
    made = enforced.aws("lambda").get_alias(FunctionName=enforced.addresses["credentials_function"], Name="hosts")
    statement = {"Action": ["lambda:InvokeFunction"], "Effect": "Allow", "Resource": [made["AliasArn"]]}
    host = new_name("host")
    enforced.aws("iam").create_role(AssumeRolePolicyDocument=json.dumps({"Statement": []}), RoleName=f"any-{host}")
    enforced.aws("iam").put_role_policy(
        PolicyDocument=json.dumps({"Statement": [statement], "Version": "2012-10-17"}),
        PolicyName="invoke",
        RoleName=f"any-{host}",
    )
    try:
        assert doors(enforced, session(enforced, host)) == ["hosts"]
    finally:
        enforced.aws("iam").delete_role_policy(PolicyName="invoke", RoleName=f"any-{host}")
        enforced.aws("iam").delete_role(RoleName=f"any-{host}")
