# shellcheck shell=bash
# What an image may lack, for every operating system: each step first looks whether it is there. Sourced by bootstrap.sh.
# shellcheck disable=SC2154 # names are shared with the other files and the settings

has() { command -v "$1" >/dev/null; }

family() {
  case $OS_ID in
    amzn) [ "$OS_VERSION" = 2 ] && echo amazon2 || echo amazon2023 ;;
    rhel | centos | rocky | almalinux) echo redhat ;;
    debian | ubuntu) echo debian ;;
    *)
      echo "the operating system $OS_ID $OS_VERSION is not known: use Amazon Linux, RHEL, Debian or Ubuntu" >&2
      return 1
      ;;
  esac
}

# Package managers cannot work side by side; what else a step does can.
alone() { flock "$scratch/packages.lock" "$@"; }

apt_get() { alone env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@"; }

install_packages() {
  case $(family) in
    amazon2) alone yum -y -q install "$@" ;;
    amazon2023 | redhat) alone dnf -y -q install "$@" ;;
    debian) apt_get update && apt_get -y install --no-install-recommends "$@" ;;
  esac
}

# Before anything is known of the instance: only Debian's images come without curl.
install_curl() { OS_ID=debian install_packages ca-certificates curl; }

missing_packages() {
  local engine=docker
  has python3 || echo python3
  case $EXECUTOR-$(family) in
    shell-*) has git || echo git ;;
    docker-debian) engine=docker.io ;;
    docker-redhat) engine=podman ;; # what Red Hat ships; GitLab supports it as an engine
  esac
  [ "$EXECUTOR" != docker ] || has docker || has podman || echo "$engine"
  case $LOG_AGENT-$(family) in
    true-amazon*) has_log_agent || echo amazon-cloudwatch-agent ;;
  esac
}

step_packages() {
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || { echo "nothing is missing"; return; }
  family >/dev/null # unknown: say so
  # In Amazon Linux 2 Docker is an extra.
  [ "$(family)" != amazon2 ] || ! [[ $missing =~ docker ]] || alone amazon-linux-extras enable docker >/dev/null
  # shellcheck disable=SC2086 # one word a package
  install_packages $missing
  echo "installed ${missing//$'\n'/ }"
}

go_arch() { [ "$ARCH" = aarch64 ] && echo arm64 || echo amd64; }

step_gitlab_runner() {
  local base=https://gitlab-runner-downloads.s3.amazonaws.com/v$RUNNER_VERSION file=$scratch/gitlab-runner sum=$RUNNER_SHA256 name
  if has gitlab-runner && { [ "$RUNNER_ANY_VERSION" = true ] || [ "$(runner_version)" = "$RUNNER_VERSION" ]; }; then
    echo "gitlab-runner $(runner_version) is there"
    return
  fi
  name=binaries/gitlab-runner-linux-$(go_arch)
  [ -n "$RUNNER_URL" ] || [ -n "$sum" ] || sum=$(published_sum "$base" "$name")
  download "${RUNNER_URL:-$base/$name}" "$sum" "$file"
  mkdir -p "$root/usr/local/bin"
  install_file "$file" "$root/usr/local/bin/gitlab-runner"
  echo "installed gitlab-runner $RUNNER_VERSION"
}

install_file() {
  chmod 755 "$1" && mv -f "$1" "$2"
  ! has restorecon || restorecon "$2" # SELinux: a moved file keeps the label of where it was
}

runner_version() { gitlab-runner --version | sed -n 's/^Version: *//p'; }

# The checksums that GitLab publishes with a release.
published_sum() {
  local sum
  download "$1/release.sha256" "" "$scratch/release.sha256"
  sum=$(awk -v name="$2" '{ sub(/^\*/, "", $2) } $2 == name { print $1 }' "$scratch/release.sha256")
  [[ $sum =~ ^[0-9a-f]{64}$ ]] || { echo "$1/release.sha256 has no checksum of $2" >&2; return 1; }
  echo "$sum"
}

step_aws_cli() {
  local file=$scratch/aws-cli.zip
  if has aws; then
    echo "$(aws --version 2>&1 | cut -d ' ' -f 1) is there"
    return
  fi
  download "${AWS_CLI_URL:-https://awscli.amazonaws.com/awscli-exe-linux-$ARCH.zip}" "$AWS_CLI_SHA256" "$file"
  rm -rf "$scratch/aws"
  python3 -m zipfile -e "$file" "$scratch" # unzip is not everywhere
  chmod -R u+rwx "$scratch/aws"
  "$scratch/aws/install" --bin-dir "$root/usr/local/bin" --install-dir "$root/usr/local/aws-cli" --update >/dev/null
  rm -rf "$scratch/aws" "$file"
  echo "installed $(aws --version 2>&1 | cut -d ' ' -f 1)"
}

agent_control() { echo "$root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"; }

has_log_agent() { [ -x "$(agent_control)" ]; }

# Amazon Linux has it as a package; for the others it is a file of AWS.
step_log_agent() {
  local kind=deb folder=$OS_ID file
  [ "$LOG_AGENT" = true ] || { echo "not wanted"; return; }
  has_log_agent && { echo "it is there"; return; }
  family >/dev/null
  case $(family) in
    amazon*) echo "a package" && return ;;
    redhat) kind=rpm folder=redhat ;;
  esac
  file=$scratch/amazon-cloudwatch-agent.$kind
  download "${LOG_AGENT_URL:-https://amazoncloudwatch-agent-$REGION.s3.$REGION.$DNS_SUFFIX/$folder/$(go_arch)/latest/amazon-cloudwatch-agent.$kind}" "$LOG_AGENT_SHA256" "$file"
  if [ "$kind" = rpm ]; then alone rpm -U "$file"; else alone dpkg -i "$file"; fi
  echo "installed"
}

# The engine's socket, as config.toml names it; empty = gitlab-runner's own default.
engine_host() { has docker && ! is_podman_docker || echo "unix:///run/podman/podman.sock"; }

is_podman_docker() { docker --version 2>/dev/null | grep -qi podman; }

step_engine() {
  if [ "$EXECUTOR" = shell ]; then
    id gitlab-runner >/dev/null 2>&1 || useradd --create-home --shell /bin/bash gitlab-runner
    echo "jobs run as gitlab-runner"
  elif [ -z "$(engine_host)" ]; then
    systemctl enable --now docker.service
    docker version --format '{{.Server.Version}}'
  else
    systemctl enable --now podman.socket
    podman --version
  fi
}

step_services() {
  # A package's own unit would start without our configuration.
  systemctl disable --now gitlab-runner.service 2>/dev/null || true
  systemctl daemon-reload
  systemctl enable gitlab-runner-drain.service gitlab-runner-fleet-enter.service
  if [ "$LOG_AGENT" = true ]; then
    systemctl enable --now gitlab-runner-fleet-journal.service
    "$(agent_control)" -a fetch-config -m ec2 -s -c "file:$settings/cloudwatch-agent.json" >/dev/null
  fi
  echo "units are in place"
}

hook() {
  local file=$settings/$1
  [ -s "$file" ] || { echo "none"; return; }
  bash "$file"
}

step_pre_install() { hook pre-install; }

step_post_install() { hook post-install; }
