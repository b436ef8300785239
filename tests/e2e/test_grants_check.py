"""`make grants-check` against the running stack: what the operator sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.grants_check import __main__ as grants_check

if TYPE_CHECKING:
    from tests.e2e.credentials_support import Watched
    from tests.e2e.support import Live

pytestmark = pytest.mark.e2e


def test_every_grant_of_the_stack_is_tried_with_the_vendors_own_role(
    live: Live, vendor: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    before = vendor.sts_calls()
    assert grants_check.main(["--stack", live.stack.options.name]) == 0
    said = capsys.readouterr().out
    grants = (live.addresses["sample_grant"], live.addresses["sample_host_grant"])
    assert [f"  {grant:6}  ok" in said for grant in grants] == [True, True]
    assert "2 grants: 2 ok" in said
    assert vendor.sts_calls() - before == 2


def test_a_trust_policy_that_refuses_the_vendor_is_told_with_what_to_do(
    live: Live, vendor: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.set(sts_fail="AccessDenied")
    assert grants_check.main(["--stack", live.stack.options.name]) == 1
    said = capsys.readouterr().out
    assert "2 grants: 2 denied" in said
    assert "trust policy must allow sts:AssumeRole, sts:SetSourceIdentity" in said
    assert str(live.addresses["credentials_role_arn"]) in said
