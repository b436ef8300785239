# shellcheck shell=bash
# What every step uses: settings, log, instance metadata, lifecycle actions, downloads. Sourced by bootstrap.sh.
# shellcheck disable=SC2034,SC2154 # names are shared with the other files and the settings

# Tests run all of this below a folder and against a metadata service of their own.
root=${RUNNER_FLEET_ROOT:-}
imds=${RUNNER_FLEET_IMDS:-http://169.254.169.254}
pause=${RUNNER_FLEET_PAUSE:-5}
settings=$root/etc/gitlab-runner-fleet
scratch=$root/run/gitlab-runner-fleet
log_file=$root/var/log/gitlab-runner-fleet/bootstrap.log

load_settings() {
  # shellcheck disable=SC1091 # rendered by Terraform: data only
  . "$settings/bootstrap.env"
  export AWS_DEFAULT_REGION=$REGION AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=6 AWS_PAGER=""
  export PATH=$root/usr/local/sbin:$root/usr/local/bin:$PATH
}

milliseconds() { date +%s%3N; }

elapsed() {
  local spent=$(($(milliseconds) - $1))
  printf '%d.%03d' $((spent / 1000)) $((spent % 1000))
}

# Nothing that is secret is ever given to say: its lines go to the console, the journal and the log group.
say() {
  local line
  line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"
  printf '%s\n' "$line"
  printf '%s\n' "$line" >>"$log_file"
}

last_lines() { tail -n "$1" "$2" | tr -s '\n[:cntrl:]' ' ' | sed 's/ *$//' | cut -c 1-400; }

failed_steps() {
  local file names=""
  for file in "$scratch"/failed.*; do
    [ ! -e "$file" ] || names="$names ${file##*/failed.}"
  done
  echo "${names# }"
}

# metadata PATH: one value of the instance metadata service, version 2. The token is kept for its life of six hours.
metadata() {
  local file=$scratch/imds.token
  if [ -z "$(find "$file" -mmin -300 2>/dev/null)" ]; then
    (umask 077 && curl -fsS --noproxy '*' --retry 5 --retry-connrefused --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' \
      -o "$file" "$imds/latest/api/token") || return 1
  fi
  # From a file, so that it is in no command line.
  printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$(cat "$file")" |
    curl -fsS --noproxy '*' --retry 3 --max-time 5 -K - "$imds/latest/meta-data/$1"
}

step_identity() {
  local id os_id os_version
  command -v curl >/dev/null || install_curl
  rm -f "$scratch/imds.token" # of another boot, after hibernation
  id=$(metadata instance-id)
  [[ $id =~ ^i-[0-9a-f]{17}$ ]] || { echo "\"$id\" is no instance id" >&2; return 1; }
  os_id=$(os_release ID) os_version=$(os_release VERSION_ID)
  printf '%s\n' "INSTANCE_ID=$id" "OS_ID=$os_id" "OS_VERSION=$os_version" "ARCH=$(uname -m)" >"$scratch/identity.env"
  # Jobs name their manager by this: the scaler finds the instance of a job without a look-up.
  mkdir -p "$root/etc/gitlab-runner"
  chmod 700 "$root/etc/gitlab-runner"
  printf 'r_%s' "${id: -12}" >"$root/etc/gitlab-runner/.runner_system_id"
  echo "$id, $os_id $os_version, $(uname -m)"
}

os_release() {
  # shellcheck disable=SC1091
  (. "$root/etc/os-release" && eval "printf '%s' \"\${$1:-}\"" | tr -cd 'A-Za-z0-9._-')
}

# complete_launch RESULT: end the launching lifecycle action. Without one (a reboot, a group of one's own) there is nothing to end.
complete_launch() {
  local answer
  if answer=$(aws autoscaling complete-lifecycle-action --auto-scaling-group-name "$GROUP" --instance-id "$INSTANCE_ID" \
    --lifecycle-hook-name "$LAUNCHING_HOOK" --lifecycle-action-result "$1" 2>&1); then
    say "launching hook completed: $1"
  else
    say "launching hook not completed ($1): $(printf '%s' "$answer" | tr -s '\n' ' ' | cut -c 1-300)"
  fi
}

# Tells the group that this instance still wants to come. Refused at the end of the hook's overall time.
heartbeat() {
  aws autoscaling record-lifecycle-action-heartbeat --auto-scaling-group-name "$GROUP" --instance-id "$INSTANCE_ID" \
    --lifecycle-hook-name "$LAUNCHING_HOOK" >/dev/null 2>&1 || say "heartbeat refused"
}

# abandon REASON: say why, have the instance replaced, and stop.
abandon() {
  say "boot failed: $1"
  publish_log
  [ -z "${INSTANCE_ID:-}" ] || complete_launch ABANDON
  publish_log
  exit 1
}

# publish_log: send the lines of this boot to the log group, once each. The log agent ships the rest, if it came that far.
publish_log() {
  local stream=${INSTANCE_ID:-unknown}/bootstrap sent=0 total events=$scratch/events.json
  command -v aws >/dev/null && [ -n "$LOG_GROUP" ] || return 0
  [ ! -f "$log_file.sent" ] || sent=$(cat "$log_file.sent")
  total=$(wc -l <"$log_file")
  [ "$total" -gt "$sent" ] || return 0
  [ "$sent" != 0 ] || aws logs create-log-stream --log-group-name "$LOG_GROUP" --log-stream-name "$stream" >/dev/null 2>&1 || true
  tail -n "+$((sent + 1))" "$log_file" | as_events >"$events"
  if aws logs put-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$stream" --log-events "file://$events" >/dev/null 2>"$scratch/logs.err"; then
    printf '%s' "$total" >"$log_file.sent"
  else
    printf '%s\n' "the log group did not take the log: $(last_lines 1 "$scratch/logs.err")"
  fi
}

as_events() {
  local line now comma=""
  now=$(milliseconds)
  printf '['
  while IFS= read -r line; do
    line=$(printf '%s' "$line" | tr -d '[:cntrl:]')
    line=${line//\\/\\\\}
    printf '%s{"timestamp":%s,"message":"%s"}' "$comma" "$now" "${line//\"/\\\"}"
    comma=,
  done
  printf ']\n'
}

# download URL SHA256 FILE: a checksum that was given must fit; without one the address is trusted as far as TLS goes.
download() {
  curl -fsSL --retry 5 --retry-connrefused --connect-timeout 10 --max-time 240 -o "$3" "$1" || { echo "cannot download $1" >&2; return 1; }
  [ -z "$2" ] || matches "$2" "$3" || { echo "$1 has not the checksum $2" >&2; rm -f "$3"; return 1; }
}

matches() { [ "$(sha256sum "$2" | cut -d ' ' -f 1)" = "$1" ]; }
