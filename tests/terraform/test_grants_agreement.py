"""Terraform and the credential vendor agree on every grant: what one refuses, the other refuses."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from credentials.grants import GrantError, parse_grants
from tests.lambda_src.credentials.test_grants import BAD, HOST, JOB, POLICY
from tests.lambda_src.credentials.world import ROLE
from tests.terraform.conftest import Terraform
from tests.terraform.variables_only import MODULE, Complaint, complaints, copied, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.terraform

# What a grant of the other kind may have is told as an attribute that is not known.
UNKNOWN = "has an attribute that is not known there"
WEB = {**JOB, "mode": "web_identity"}

GOOD: dict[str, Any] = {
    "the least": JOB,
    "a host": HOST,
    "all of a host": {**HOST, "cache": False, "duration_seconds": 1800, "external_id": "fleet-1"},
    "a number": {**JOB, "match": {"project_id": 20}},
    "a list of numbers and texts": {**JOB, "match": {"project_id": [20, "21"]}},
    "flags as truths": {**JOB, "match": {"project_id": 20, "ref_protected": [True, "false"]}},
    "the largest number": {**JOB, "match": {"project_id": "9" * 19}},
    "zero": {**JOB, "match": {"namespace_id": "0"}},
    "a namespace": {**JOB, "match": {"namespace_id": 72, "environment": "production"}},
    "nulls": {
        **JOB,
        **dict.fromkeys(("cache", "duration_seconds", "external_id", "kind", "mode", "require_running_job")),
        **dict.fromkeys(("session_policy", "session_tags", "share")),
    },
    "nulls of a host": {**HOST, "match": None, "mode": None, "session_policy": None},
    "web identity for 12 hours": {**WEB, "duration_seconds": 43200},
    "no tags with web identity": {**WEB, "session_tags": []},
    "a path in the role's ARN": {**JOB, "role_arn": "arn:aws-us-gov:iam::123456789012:role/a/b/c"},
    "the longest name of a role": {**JOB, "role_arn": "arn:aws:iam::123456789012:role/" + "x" * 64},
    "a ref with every sign": {**JOB, "match": {"project_id": 20, "ref": "a/b-c_d.é ü{}$(x)"}},
    "a ref with a template's signs": {**JOB, "match": {"project_id": 20, "ref": "${x} %{y}"}},
    "tags of the ref": {**JOB, "session_tags": ["ref", "ref_type", "project_path", "ref_protected"]},
    "tags of the project": {**JOB, "share": "project", "session_tags": ["namespace_path"]},
    "a tag that match pins": {
        **JOB,
        "match": {"project_id": 20, "environment": ["production"]},
        "session_tags": ["environment"],
    },
    "50 tags of one job": {**JOB, "share": "job", "session_tags": [f"claim_{n}" for n in range(50)]},
    "a policy": {**JOB, "session_policy": POLICY},
    "claims in a policy": {
        **JOB,
        "session_policy": {
            "Statement": {
                "Action": "s3:*",
                "Condition": {"StringEquals": {"aws:ResourceTag/ref": "{{ref}}"}},
                "Effect": "Allow",
                "NotResource": ["arn:aws:s3:::b/{{project_id}}/${aws:userid}/*"],
            }
        },
    },
    "a policy of 2048 characters": {**JOB, "session_policy": {"Statement": "x" * (2048 - len('{"Statement":""}'))}},
    "an external id with every sign": {**JOB, "external_id": "aZ0_+=,.@:/-"},
}

EXTRA: list[tuple[Any, str]] = [
    *(({**JOB, "role_arn": arn}, "role_arn") for arn in (
        "",
        "*",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::*:role/deploy",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:user/deploy",
        "arn:aws:iam::123456789012:role/deploy\n",
        "arn:aws:iam::123456789012:role/${aws:username}",
        "arn:aws:iam::123456789012:role/" + "x" * 65,
        "arn:aws:iam::123456789012:role/" + "x/" * 300 + "y",
        "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/deploy",
        7,
        None,
        [ROLE],
    )),
    *(({**JOB, "match": match}, "match") for match in (
        {"project_id": "12345678901234567890"},
        {"project_id": ""},
        {"project_id": "-1"},
        {"project_id": "1e3"},
        {"project_id": {"a": 1}},
        {"project_id": [["20"]]},
        {"project_id": None},
        {"project_id": 20, "ref": True},
        {"project_id": 20, "ref": ["main", 7]},
        {"project_id": 20, "ref": {"a": "b"}},
        {"project_id": 20, "ref": []},
        {"project_id": 20, "ref_protected": 1},
        {"project_id": 20, "ref_protected": "True"},
        {"project_id": 20, "environment_protected": "no"},
        {"project_id": 20, "": "x"},
        {"project_id": 20, "ref": "main\n*"},
        {"project_id": "20\n"},
        ["project_id"],
        "project_id",
    )),
    ({**JOB, "callers": None}, "callers"),
    ({**JOB, "callers": "gitlab_job\n"}, "callers"),
    ({**JOB, "share": ["ref"]}, "share"),
    ({**JOB, "share": ""}, "share"),
    ({**JOB, "mode": True}, "mode"),
    ({**JOB, "duration_seconds": 1800.5}, "duration_seconds"),
    ({**JOB, "duration_seconds": True}, "duration_seconds"),
    ({**JOB, "duration_seconds": -1800}, "duration_seconds"),
    ({**HOST, "duration_seconds": 43200}, "duration_seconds"),
    ({**JOB, "session_tags": [""]}, "session_tags"),
    ({**JOB, "session_tags": [None]}, "session_tags"),
    ({**JOB, "session_tags": ["ref", 7]}, "session_tags"),
    ({**JOB, "session_tags": {"ref": "x"}}, "session_tags"),
    ({**JOB, "session_tags": ["project_path\n"]}, "session_tags"),
    ({**JOB, "match": {"project_id": 20, "environment": ["a", "b"]}, "session_tags": ["environment"]}, "session_tags"),
    (
        {
            **JOB,
            "match": {"project_id": 20, "environment_protected": [True, False]},
            "session_tags": ["environment_protected"],
        },
        "session_tags",
    ),
    ({**JOB, "external_id": ""}, "external_id"),
    ({**JOB, "external_id": "x"}, "external_id"),
    ({**JOB, "external_id": "x" * 1225}, "external_id"),
    ({**JOB, "external_id": 77}, "external_id"),
    ({**JOB, "external_id": "fleet\n"}, "external_id"),
    ({**JOB, "cache": "false"}, "cache"),
    ({**JOB, "require_running_job": 0}, "require_running_job"),
    ({**JOB, "session_policy": ["x"]}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Action": "{{ref}}"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Effect": "{{ref}}"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": {"Principal": {"AWS": "{{ref}}"}}}}, "session_policy"),
    ({**JOB, "session_policy": {"Id": "{{ref}}"}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Resource": "$" + "{{ref}}"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Resource": "$" + "{{{ref}}"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Resource": "{{ref"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"Resource": "{{Ref}}"}]}}, "session_policy"),
    ({**JOB, "session_policy": {"Statement": [{"{{ref}}": "x"}]}}, "session_policy"),
    ({**HOST, "share": "job"}, UNKNOWN),
    ({**JOB, "Share": "job"}, UNKNOWN),
    (None, "credentials.grants must be a map of names to objects"),
    ("deploy", "credentials.grants must be a map of names to objects"),
]  # fmt: skip

NAMES = ["", "Deploy", "-a", "_a", "a/b", "a b", "x" * 65, "a\n", "ä"]


@dataclass(frozen=True)
class Case:
    """Grants, and what Terraform's complaint must say; empty for grants that are fine."""

    grants: Mapping[str, Any]
    says: str = ""

    def is_read(self) -> bool:
        """Tell whether the vendor takes the grants as Terraform writes them: without what is null."""
        kept = {
            name: {key: value for key, value in grant.items() if value is not None}
            if isinstance(grant, dict)
            else grant
            for name, grant in self.grants.items()
        }
        try:
            parse_grants(json.dumps({"version": 1, "epoch": 1, "gitlab_ca_certificate": None, "grants": kept}))
        except GrantError:
            return False
        return True


def said_of(grant: Any, field: str) -> str:
    """Return the start of Terraform's complaint about a field of a grant."""
    name = field.partition(".")[0]
    if field.startswith(("credentials.", "has ")):
        return field
    if field.startswith("grants"):
        return "credentials.grants must be a map of names to objects"
    others = {"match", "mode", "session_policy", "share"} if grant.get("callers") == "runner" else {"kind", "rol_arn"}
    return UNKNOWN if name in others else f"credentials.grants.*.{name} "


CASES = {
    **{f"good: {name}": Case({"a": grant}) for name, grant in GOOD.items()},
    **{
        f"bad {number}: {field}": Case({"good": JOB, "a": grant}, said_of(grant, field))
        for number, (grant, field) in enumerate([*BAD, *EXTRA])
    },
    **{f"name {name!a}": Case({name: JOB}, "credentials.grants must be named with") for name in NAMES},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str]) -> dict[str, list[Complaint]]:
    folder = tmp_path_factory.mktemp("grants")
    copied(folder, ("variables_cache.tf", "variables_credentials.tf"))
    calls = {name: arguments(case) for name, case in CASES.items()}
    return complaints(folder, terraform_environment, calls)


def arguments(case: Case) -> str:
    return f'  cache = {{ bucket = "caches" }}\n  credentials = {literal({"enabled": True, "grants": case.grants})}'


def test_both_accept_a_grant_or_both_refuse_it(told: Mapping[str, list[Complaint]]) -> None:
    expected = {name: (not case.says, not case.says) for name, case in CASES.items()}
    assert expected == {name: (case.is_read(), not told[name]) for name, case in CASES.items()}


def test_the_complaint_names_the_input_and_the_way_out(told: Mapping[str, list[Complaint]]) -> None:
    messages = {name: [complaint.message for complaint in found] for name, found in told.items() if found}
    assert {name: said for name, said in messages.items() if CASES[name].says not in " ".join(said)} == {}
    assert [said for found in messages.values() for said in found if not said.startswith("credentials.grants")] == []


def test_every_rule_about_grants_refuses_something(told: Mapping[str, list[Complaint]]) -> None:
    text = (MODULE / "variables_credentials.tf").read_text(encoding="utf-8")
    rules = {
        f"variables_credentials.tf:{text[: block.start()].count(chr(10)) + 1}"
        for block in re.finditer(r"^  validation {.*?^  }", text, re.MULTILINE | re.DOTALL)
        if 'error_message = "credentials.grants' in block[0]
    }
    hit = Counter(complaint.rule for found in told.values() for complaint in found)
    # How many there may be, and that a cache needs a bucket, are no matters of a grant's form.
    left = {rule: text.splitlines()[int(rule.split(":")[1])] for rule in rules - set(hit)}
    assert len(rules) > 15
    assert [line for line in left.values() if "300" not in line and "var.cache.bucket" not in line] == []


def test_the_vendor_reads_what_terraform_writes(
    tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str]
) -> None:
    """The document of all good grants, by the module's own expression, is read as those grants."""
    folder = tmp_path_factory.mktemp("document")
    written = (MODULE / "credentials_grants.tf").read_text(encoding="utf-8")
    expression = re.search(r"^  grants_document = (jsonencode\({.*?^  }\))", written, re.MULTILINE | re.DOTALL)
    assert expression is not None
    around = 'variable "gitlab" { default = { ca_certificate = "" } }\nlocals { cache_grants = {} }\n'
    more = f'{around}output "document" {{ value = {expression[1]} }}'
    copied(folder, ("variables_cache.tf", "variables_credentials.tf"), more)
    all_good = {f"grant-{number}": grant for number, grant in enumerate(GOOD.values())}
    head = 'output "document" { value = module.all.document }'
    (folder / "main.tf").write_text(
        f'{head}\nmodule "all" {{\n  source = "./variables"\n{arguments(Case(all_good))}\n}}\n', encoding="utf-8"
    )
    terraform = Terraform(folder, terraform_environment)
    terraform.init()
    terraform.succeed("apply", "-auto-approve", "-input=false", "-no-color")
    document = json.loads(terraform.succeed("output", "-json", "document"))
    read = parse_grants(document)
    assert set(read.by_name) == set(all_good)
    assert dict(read.by_name["grant-4"].match)["project_id"] == frozenset({"20", "21"})
    assert {name: Case({name: grant}).is_read() for name, grant in all_good.items()} == dict.fromkeys(all_good, True)
