#!/usr/bin/env bash
# Runs the bootstrap's own installation steps while an image is made, so that an instance has nothing left to install.
# Expects the module's terraform/runner_host/*.sh in the folder that is its argument.
set -euo pipefail

root=${RUNNER_FLEET_ROOT:-}
scripts=$1

mkdir -p "$root/etc/gitlab-runner-fleet" "$root/run/gitlab-runner-fleet" "$root/var/log/gitlab-runner-fleet"
cat >"$root/etc/gitlab-runner-fleet/bootstrap.env" <<SETTINGS
AWS_CLI_SHA256='${AWS_CLI_SHA256:-}'
AWS_CLI_URL='${AWS_CLI_URL:-}'
DNS_SUFFIX='amazonaws.com'
EXECUTOR='${EXECUTOR:-docker}'
LOG_AGENT='true'
LOG_AGENT_SHA256='${LOG_AGENT_SHA256:-}'
LOG_AGENT_URL='${LOG_AGENT_URL:-}'
REGION='${AWS_REGION:?}'
RUNNER_ANY_VERSION='false'
RUNNER_SHA256='${RUNNER_SHA256:-}'
RUNNER_URL='${RUNNER_URL:-}'
RUNNER_VERSION='${RUNNER_VERSION:?}'
SETTINGS

for step in identity packages gitlab-runner aws-cli log-agent; do
  bash "$scripts/bootstrap.sh" step "$step"
done

# What belongs to this instance, or comes with the user data of each.
rm -rf "$root/etc/gitlab-runner" "$root/etc/gitlab-runner-fleet" "$root/run/gitlab-runner-fleet" "$root/var/log/gitlab-runner-fleet"
if command -v cloud-init >/dev/null; then cloud-init clean --logs; fi
