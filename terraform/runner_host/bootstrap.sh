#!/usr/bin/env bash
# Makes an instance a runner host. cloud-init calls `install` once in an instance's life, systemd calls `enter` at every
# boot and `run` for gitlab-runner itself; `step` runs one step in a process of its own, so that it can be timed out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=terraform/runner_host/host.sh
. "$here/host.sh"
# shellcheck source=terraform/runner_host/packages.sh
. "$here/packages.sh"
# shellcheck source=terraform/runner_host/gitlab.sh
. "$here/gitlab.sh"

# Seconds that a step may take. A mirror that hangs must not hold an instance for ever.
limit_of() {
  case $1 in
    packages | pre-install | post-install) echo 600 ;;
    *) echo 300 ;;
  esac
}

# step NAME: run step_NAME, log one line with its time, remember a failure.
step() {
  local name=$1 began status=0 word=ok
  began=$(milliseconds)
  timeout -k 5 "$(limit_of "$name")" bash "$here/bootstrap.sh" step "$name" >"$scratch/$name.out" 2>&1 </dev/null || status=$?
  case $status in
    0) ;;
    124 | 137) word="failed: not done after $(limit_of "$name") s" ;;
    *) word="failed ($status)" ;;
  esac
  [ "$status" = 0 ] || touch "$scratch/failed.$name"
  say "step=$name seconds=$(elapsed "$began") $word: $(last_lines "$([ "$status" = 0 ] && echo 1 || echo 3)" "$scratch/$name.out")"
  return "$status"
}

# together NAME…: run steps side by side and fail if one of them did, after all are done.
together() {
  local name pids=() pid failed=0
  for name; do
    step "$name" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || failed=1
  done
  return "$failed"
}

install() {
  mkdir -p "$settings" "$scratch" "$(dirname "$log_file")"
  chmod 700 "$scratch"
  rm -f "$scratch"/failed.*
  say "bootstrap of $FLEET begins"
  step identity || abandon "the instance's identity cannot be read"
  # shellcheck disable=SC1091 # written by the step before
  . "$scratch/identity.env"
  step pre-install || abandon "step pre-install failed"
  together packages gitlab-runner aws-cli log-agent || abandon "steps failed: $(failed_steps)"
  step engine || abandon "step engine failed"
  step services || abandon "step services failed"
  step post-install || abandon "step post-install failed"
  say "bootstrap of $FLEET is done"
  publish_log
  systemctl --no-block start gitlab-runner-fleet-enter.service
}

# enter: at every boot, so also when an instance comes out of a warm pool.
enter() {
  mkdir -p "$scratch" "$(dirname "$log_file")"
  chmod 700 "$scratch"
  rm -f "$scratch"/failed.*
  step identity || abandon "the instance's identity cannot be read"
  # shellcheck disable=SC1091 # written by the step before
  . "$scratch/identity.env"
  wait_for_turn || return 0
  step secrets || abandon "step secrets failed"
  systemctl start gitlab-runner-drain.service
  wait_for_gitlab || return 0
  step config || abandon "step config failed"
  systemctl start gitlab-runner.service || abandon "gitlab-runner does not start"
  wait_for_contact || return 0
  complete_launch CONTINUE
  say "the runner is in contact with GitLab"
  publish_log
}

# run: become gitlab-runner. The unit's main process is gitlab-runner itself, so that SIGQUIT reaches it.
run() {
  local config=$root/etc/gitlab-runner/config.toml user=()
  [ "$CACHE_AUTH" != vended ] || export AWS_CONFIG_FILE="$settings/aws-config" AWS_SDK_LOAD_CONFIG=1
  if [ "$MAX_JOBS" -gt 0 ]; then
    exec gitlab-runner run-single --config "$config" --runner "$(runner_name)" --max-builds "$MAX_JOBS"
  fi
  [ "$EXECUTOR" != shell ] || user=(--user gitlab-runner --working-directory "$root/home/gitlab-runner")
  exec gitlab-runner run --config "$config" --service gitlab-runner "${user[@]+"${user[@]}"}"
}

load_settings
# shellcheck disable=SC1091 # written by the step identity
[ ! -f "$scratch/identity.env" ] || . "$scratch/identity.env"
case ${1:-} in
  install | enter | run) "$1" ;;
  step) "step_${2//-/_}" ;;
  *)
    echo "usage: bootstrap.sh install | enter | run | step NAME" >&2
    exit 2
    ;;
esac
