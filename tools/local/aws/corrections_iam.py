"""The faults of MiniStack that show when IAM is enforced; installed with the others in `corrections.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.local.aws import emulator, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.aws.autoscaling.scaling import Scaling


def condition_keys_are_known(scaling: Scaling) -> None:
    """Symptom, with --auth: an Allow conditioned on an encryption context, a partition key or a namespace denies.

    MiniStack does not know kms:EncryptionContext:*, dynamodb:LeadingKeys, cloudwatch:namespace and an Auto Scaling
    group's tags, and checks an action on an instance against `*`. The keys are read from the request, so such
    conditions are evaluated, not skipped.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(
            key: str,
            action: str,
            service: str,
            region: str,
            resource_arn: str = "*",
            service_context: dict[str, Any] | None = None,
        ) -> Any:  # noqa: ANN401
            known = request.request_keys(service)
            if service == "autoscaling":
                resource_arn, tags = request.scaling_resource(scaling, region, action)
                known |= tags
            context = {**known, **(service_context or {})}
            return original(key, action, service, region, resource_arn=resource_arn, service_context=context)

        return enforce

    emulator.replace("core.iam_evaluator", "enforce", make)


def sessions_are_their_role() -> None:
    """Symptom, with IAM: a role's session is refused where `aws:PrincipalArn` is compared with the role's ARN.

    On AWS that key has the ARN of the role, not the one of the session.
    """
    request.set_condition_key("aws:principalarn", lambda context: request.session_role(context.principal_arn))


def transport_counts_as_secure() -> None:
    """Symptom, with IAM: whatever is denied without `aws:SecureTransport` is denied, as the local AWS speaks http."""
    request.set_condition_key("aws:securetransport", lambda _: "true")


def aliases_are_resources() -> None:
    """Symptom, with IAM: an invocation of an alias is checked against the function's ARN, on AWS against its own."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(key: str, action: str, service: str, region: str, **named: Any) -> Any:  # noqa: ANN401
            if action == "lambda:InvokeFunction":
                named["resource_arn"] = request.qualified(named["resource_arn"])
            return original(key, action, service, region, **named)

        return enforce

    emulator.replace("core.iam_evaluator", "enforce", make)
