# shellcheck shell=bash
# The way into service: whose turn it is, the token, config.toml, contact with GitLab. Sourced by bootstrap.sh.
# Tokens live in files that root alone reads; they are never an argument of a process, in a log or in the environment.
# shellcheck disable=SC2154 # names are shared with the other files and the settings

target_state() { metadata autoscaling/target-lifecycle-state 2>/dev/null || true; }

# Returns when the group wants this instance in service; 1 when it wants it gone. In a warm pool it waits prepared.
wait_for_turn() {
  local state last="" empty=0
  while :; do
    state=$(target_state)
    case $state in
      InService | Detached) return 0 ;;
      "") [ $((empty += 1)) -lt 6 ] || return 0 ;; # the metadata lags behind a launch; later: not in a group
      Warmed:Terminated | Terminated)
        say "the group wants the instance gone: nothing is started"
        return 1
        ;;
      Warmed:*)
        [ "$state" = "$last" ] || { say "prepared for the warm pool ($state)"; complete_launch CONTINUE; publish_log; }
        ;;
    esac
    last=$state
    sleep "$pause"
  done
}

# parameter NAME FILE: a parameter's value into a file, again when AWS does not answer (a new role takes a while to work).
parameter() {
  local tries=0
  until (umask 077 && aws ssm get-parameter --name "$1" --with-decryption --query Parameter.Value --output text >"$2.new"); do
    tries=$((tries + 1))
    [ "$tries" -lt 4 ] || { echo "the SSM parameter $1 cannot be read" >&2; return 1; }
    sleep "$pause"
  done
  mv -f "$2.new" "$2"
}

step_secrets() {
  parameter "$TOKEN_PARAMETER" "$scratch/tokens"
  [ -z "$CA_PARAMETER" ] || parameter "$CA_PARAMETER" "$settings/ca.pem"
  if [ "$CACHE_AUTH" = user ]; then
    parameter "$CACHE_ACCESS_KEY_PARAMETER" "$scratch/cache.access"
    parameter "$CACHE_SECRET_KEY_PARAMETER" "$scratch/cache.secret"
  fi
  echo "read"
}

runner_name() { printf '%s-%s' "$FLEET" "$INSTANCE_ID"; }

# gitlab PATH ANSWER ARGUMENT…: POST a form and print the status; 000 when there is no answer.
gitlab() {
  local path=$1 answer=$2 ca=()
  shift 2
  [ -z "$CA_PARAMETER" ] || ca=(--cacert "$settings/ca.pem")
  (umask 077 && curl -sS -o "$answer" -w '%{http_code}' --connect-timeout 10 --max-time 30 "${ca[@]+"${ca[@]}"}" \
    "$@" "$GITLAB_URL/api/v4/$path" 2>"$scratch/gitlab.err") || true
}

# verify FILE: ask GitLab about the runner token in a file; it then knows this manager.
verify() {
  gitlab runners/verify "$scratch/answer" --data-urlencode "token@$1" \
    --data-urlencode "system_id=$(cat "$root/etc/gitlab-runner/.runner_system_id")"
}

# register FILE: make a runner with the registration token in a file (GitLab before 20.0).
register() {
  local level=not_protected
  [ "$PROTECTED_ONLY" != true ] || level=ref_protected
  gitlab runners "$scratch/answer" --data-urlencode "token@$1" --data-urlencode "description=$(runner_name)" \
    --data-urlencode "tag_list=$RUNNER_TAGS" --data "run_untagged=$RUN_UNTAGGED" --data "locked=false" --data "access_level=$level"
}

# answered NAME: what GitLab's answer says of "id" or "token".
answered() { sed -n "s/.*\"$1\" *: *\"\{0,1\}\([A-Za-z0-9_.-]*\).*/\1/p" "$scratch/answer" | head -n 1; }

keep_runner() {
  local id
  id=$(answered id)
  (umask 077 && printf '%s\n' "${id:-0}" >"$settings/runner.id" && cp "$1" "$settings/runner.token")
}

# try_tokens: one round through the tokens there are (two while one is being replaced). Prints the last status.
try_tokens() {
  local line status=403 file=$scratch/token
  if [ "$TOKEN_KIND" = registration ] && [ -s "$settings/runner.token" ]; then
    status=$(verify "$settings/runner.token") # registered before: a reboot
    [ "$status" = 403 ] || { echo "$status"; return; }
  fi
  while IFS= read -r line; do
    [[ $line =~ ^[A-Za-z0-9_.-]+$ ]] || continue
    (umask 077 && printf '%s' "$line" >"$file")
    if [ "$TOKEN_KIND" = registration ]; then
      status=$(register "$file")
      [ "$status" != 201 ] || { (umask 077 && printf '%s' "$(answered token)" >"$file"); status=200; }
    else
      status=$(verify "$file")
    fi
    [ "$status" != 200 ] || [ -n "$(answered token)" ] || status="200 of somebody else" # a proxy, a portal
    [ "$status" != 200 ] || keep_runner "$file"
    [ "$status" = 403 ] || break
  done <"$scratch/tokens"
  rm -f "$file" "$scratch/answer"
  echo "$status"
}

# Waits for GitLab, however long it takes: an instance that was given up would be launched again, and again. A token that
# GitLab refuses does not get better by waiting.
wait_for_gitlab() {
  local status last=""
  while :; do
    status=$(try_tokens)
    case $status in
      200) say "GitLab knows the runner"; rm -f "$scratch/tokens"; return 0 ;;
      401 | 403) abandon "GitLab refuses the token of the SSM parameter $TOKEN_PARAMETER ($status): put the right one there" ;;
    esac
    [ "$status" = "$last" ] || { say "GitLab does not answer ($status $(last_lines 1 "$scratch/gitlab.err")): waiting"; publish_log; }
    last=$status
    keep_waiting || return 1
  done
}

# keep_waiting: pause, tell the group, and return 1 when it no longer wants the instance.
keep_waiting() {
  sleep "$pause"
  [ "$(target_state)" != Terminated ] || { say "the group wants the instance gone"; return 1; }
  [ $((SECONDS - ${beat:=0})) -lt "$BEAT_SECONDS" ] || { heartbeat; beat=$SECONDS; }
}

# fill FILE NAME: replace @NAME@ in the text read by the first line of a file, which holds no quotes or backslashes.
fill() {
  local value="" line
  [ ! -f "$1" ] || IFS= read -r value <"$1" || true
  [[ $value =~ ^[A-Za-z0-9_.+/=:-]*$ ]] || { echo "the value for $2 has characters that do not belong there" >&2; return 1; }
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "${line//@$2@/$value}"
  done
}

step_config() {
  local new=$root/etc/gitlab-runner/config.toml.new
  engine_host >"$scratch/engine"
  runner_name >"$scratch/name"
  (
    umask 077
    fill "$settings/runner.id" ID <"$settings/config.toml" | fill "$settings/runner.token" TOKEN | fill "$scratch/name" NAME |
      fill "$scratch/engine" ENGINE | fill "$scratch/cache.access" CACHE_ACCESS_KEY | fill "$scratch/cache.secret" CACHE_SECRET_KEY >"$new"
  )
  mv -f "$new" "$root/etc/gitlab-runner/config.toml"
  rm -f "$scratch/cache.access" "$scratch/cache.secret"
  [ "$TOKEN_KIND" = registration ] || rm -f "$settings/runner.token"
  echo "config.toml is written"
}

# The runner has been answered when it says so itself: 204 no job, 201 a job. Alone for a few jobs it has no metrics.
in_contact() {
  [ "$MAX_JOBS" = 0 ] || { systemctl is-active --quiet gitlab-runner.service; return; }
  curl -fsS --noproxy '*' --max-time 5 "http://$METRICS_ADDRESS/metrics" 2>/dev/null |
    grep '^gitlab_runner_api_request_statuses_total{' | grep 'endpoint="request_job"' | grep -Eq 'status="20[14]"'
}

wait_for_contact() {
  local began=$SECONDS misses=0
  until in_contact; do
    [ $((SECONDS - began)) -lt 60 ] || { say "the runner has no answer of GitLab yet: waiting"; began=$SECONDS; publish_log; }
    # It restarts always: one that ends again and again is active in between.
    systemctl is-active --quiet gitlab-runner.service || misses=$((misses + 1))
    if [ "$misses" -ge 5 ]; then
      abandon "gitlab-runner does not run: journalctl -u gitlab-runner says why"
    fi
    keep_waiting || return 1
  done
}
