"""Which findings of the secrets scan are let through."""

from __future__ import annotations

import pytest

from tools.security.secrets import ALLOWED, Finding, Rule, left_over, load, unused

RULE = Rule("tests/*", "Secret Keyword", r'= "canary-', "a canary")
CANARY = Finding("tests/deep/test_x.py", 3, "Secret Keyword", 'TOKEN = "canary-token"')


@pytest.mark.parametrize(
    "finding",
    [
        pytest.param(Finding("lambda_src/x.py", 3, CANARY.kind, CANARY.text), id="another folder"),
        pytest.param(Finding(CANARY.path, 3, "AWS Access Key", CANARY.text), id="another kind"),
        pytest.param(Finding(CANARY.path, 3, CANARY.kind, 'TOKEN = "something-else"'), id="another text"),
    ],
)
def test_a_rule_lets_through_only_what_matches_it_whole(finding: Finding) -> None:
    assert left_over([CANARY, finding], [RULE]) == [finding]


def test_a_rule_that_lets_nothing_through_is_reported() -> None:
    assert unused([], [RULE]) == [RULE]
    assert unused([CANARY], [RULE]) == []


def test_a_finding_is_shown_without_its_text() -> None:
    assert "canary" not in str(CANARY)


def test_a_rule_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="no reason"):
        load('[[allowed]]\npath = "a"\nkind = "b"\ntext = "c"\nreason = " "\n')


@pytest.mark.parametrize(
    ("path", "kind", "text"),
    [
        ("tests/x.py", "GitLab Token", 'TOKEN = "glpat-abcdefghijklmnopqrst"'),
        ("tests/x.py", "AWS Access Key", 'KEY = "AKIAQRSTUVWXYZABCDEF"'),
        ("tests/x.py", "Private Key", "-----BEGIN RSA PRIVATE KEY-----"),
        ("tools/x.py", "Secret Keyword", 'secret = "Zx81-real-looking"'),
        ("terraform/x.tf", "Secret Keyword", 'api_token = "Zx81-real-looking"'),
        ("requirements-dev.txt", "Hex High Entropy String", 'token = "0123456789abcdef0123456789abcdef01234567"'),
    ],
)
def test_a_real_secret_is_not_among_what_the_project_lets_through(path: str, kind: str, text: str) -> None:
    finding = Finding(path, 1, kind, text)
    assert left_over([finding], load(ALLOWED.read_text())) == [finding]
