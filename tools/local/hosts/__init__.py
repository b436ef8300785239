"""A simulator of the EC2 instances of a fleet: each runs a gitlab-runner that takes jobs and drains when told to."""

from tools.local.hosts.fleet import HostFleet
from tools.local.hosts.matching import assign, takes
from tools.local.hosts.model import Host, Instance, PendingJob, RunnerRules, system_id

__all__ = ["Host", "HostFleet", "Instance", "PendingJob", "RunnerRules", "assign", "system_id", "takes"]
