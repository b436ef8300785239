"""What the scaler is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.settings import Environment
from scaler.capacity import Rules
from scaler.matching import Runner
from scaler.services import Configuration

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """Settings of the scaler; names of parameters are SSM's, and `gitlab_ca_parameter` may be empty."""

    fleet: str
    log_level: str
    autoscaling_group: str
    state_table: str
    queue_url: str
    schedule_function: str
    gitlab_url: str
    gitlab_token_parameter: str
    gitlab_ca_parameter: str
    connection_max_age_seconds: int
    configuration: Configuration

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing or malformed.
        """
        environment = Environment(variables)
        return cls(
            fleet=environment.text("FLEET"),
            log_level=log_level(environment),
            autoscaling_group=environment.text("AUTOSCALING_GROUP"),
            state_table=environment.text("STATE_TABLE"),
            queue_url=environment.text("QUEUE_URL"),
            schedule_function=environment.text("SCHEDULE_FUNCTION"),
            gitlab_url=environment.text("GITLAB_URL"),
            gitlab_token_parameter=environment.text("GITLAB_TOKEN_PARAMETER"),
            gitlab_ca_parameter=environment.optional("GITLAB_CA_PARAMETER"),
            connection_max_age_seconds=environment.integer("GITLAB_CONNECTION_MAX_AGE_SECONDS", minimum=1),
            configuration=_configuration(environment),
        )


@dataclass(frozen=True)
class TerminationSettings:
    """Settings of the function that the Auto Scaling group asks."""

    fleet: str
    log_level: str
    state_table: str
    idle_seconds: int

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> TerminationSettings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing or malformed.
        """
        environment = Environment(variables)
        return cls(
            fleet=environment.text("FLEET"),
            log_level=log_level(environment),
            state_table=environment.text("STATE_TABLE"),
            idle_seconds=environment.integer("IDLE_SECONDS"),
        )


def log_level(environment: Environment) -> str:
    """Return the least level that is logged."""
    return environment.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"))


def _configuration(environment: Environment) -> Configuration:
    return Configuration(
        rules=_rules(environment),
        runner=Runner(
            tags=frozenset(environment.words("RUNNER_TAGS")),
            run_untagged=environment.flag("RUN_UNTAGGED"),
            protected_only=environment.flag("PROTECTED_ONLY"),
            id=environment.optional("RUNNER_ID"),
        ),
        requests_per_minute=environment.integer("GITLAB_REQUESTS_PER_MINUTE", minimum=10),
        activity_seconds=3600.0 * environment.integer("ACTIVITY_SINCE_HOURS", minimum=1),
        narrow=environment.flag("NARROW_TO_MEMBERSHIP"),
        drain_seconds=environment.integer("DRAIN_SECONDS"),
    )


def _rules(environment: Environment) -> Rules:
    tunes_buffer = environment.optional("IDLE_BUFFER") == "auto"
    return Rules(
        slots=environment.integer("SLOTS_PER_INSTANCE", minimum=1),
        idle_seconds=environment.integer("IDLE_SECONDS"),
        idle_buffer=0 if tunes_buffer else environment.integer("IDLE_BUFFER"),
        max_scale_out_step=environment.integer("MAX_SCALE_OUT_STEP"),
        sets_capacity=environment.choice("ACTUATOR", ("lambda", "alarms")) == "lambda",
        looks_ahead=environment.choice("LOOK_AHEAD", ("off", "pipeline")) == "pipeline",
        tunes_buffer=tunes_buffer,
        max_jobs=environment.integer("MAX_JOBS_PER_INSTANCE"),
    )
