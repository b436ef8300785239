"""The errors that Auto Scaling answers, by the codes of its model."""

from __future__ import annotations


class AutoScalingError(Exception):
    """A request that Auto Scaling refuses."""

    code = "InternalFailure"
    status = 400


class ValidationError(AutoScalingError):
    """A parameter is wrong, or names something that does not exist."""

    code = "ValidationError"


class AlreadyExistsError(AutoScalingError):
    """The name is taken."""

    code = "AlreadyExists"


class ResourceInUseError(AutoScalingError):
    """The resource cannot be deleted because it is in use."""

    code = "ResourceInUse"


class ScalingActivityInProgressError(AutoScalingError):
    """A scaling activity or a cooldown stands in the way."""

    code = "ScalingActivityInProgress"


class ResourceContentionError(AutoScalingError):
    """Another change to the same resource is in progress."""

    code = "ResourceContention"
    status = 500


class InvalidActionError(AutoScalingError):
    """An action of Auto Scaling that this emulator does not have."""

    code = "InvalidAction"


class ActiveInstanceRefreshNotFoundError(AutoScalingError):
    """No instance refresh is under way."""

    code = "ActiveInstanceRefreshNotFound"
