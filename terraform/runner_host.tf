# The user data of the instances: files from runner_host/, settings as data, no secrets. cloud-init writes the files and
# starts the bootstrap; docs/runner-host.md says what happens then.

locals {
  credentials_target = "${var.name}-credentials:hosts"
  host_files_folder  = "/opt/gitlab-runner-fleet"
  host_settings      = "/etc/gitlab-runner-fleet"
  launching_hook     = "${var.name}-launching"
  launching_seconds  = 900
  metrics_address    = "127.0.0.1:9252"
  runner_version     = "18.11.0"
  terminating_hook   = "${var.name}-terminating"

  # A drain may take longer than one heartbeat, but not longer than a hundred.
  # https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
  terminating_seconds = max(min(var.asg.force_instance_deletion_time, 600), ceil(var.asg.force_instance_deletion_time / 90))

  host_environment = {
    AWS_CLI_SHA256             = var.runner_host.aws_cli.sha256
    AWS_CLI_URL                = var.runner_host.aws_cli.url
    BEAT_SECONDS               = local.launching_seconds / 3
    CACHE_ACCESS_KEY_PARAMETER = local.cache_auth == "user" ? var.cache.access_key_ssm_path : ""
    CACHE_AUTH                 = local.cache_auth
    CACHE_SECRET_KEY_PARAMETER = local.cache_auth == "user" ? var.cache.secret_key_ssm_path : ""
    CA_PARAMETER               = join("", aws_ssm_parameter.gitlab_ca[*].name)
    CREDENTIALS_FUNCTION       = local.cache_auth == "vended" ? local.credentials_target : ""
    DNS_SUFFIX                 = data.aws_partition.current.dns_suffix
    EXECUTOR                   = var.asg.executor
    FLEET                      = var.name
    GITLAB_URL                 = local.gitlab_url
    GROUP                      = local.group_name
    LAUNCHING_HOOK             = local.launching_hook
    LOG_AGENT                  = var.runner_host.cloudwatch_agent.install
    LOG_AGENT_SHA256           = var.runner_host.cloudwatch_agent.sha256
    LOG_AGENT_URL              = var.runner_host.cloudwatch_agent.url
    LOG_GROUP                  = local.runner_log_group
    MAX_JOBS                   = var.asg.max_jobs_per_instance
    METRICS_ADDRESS            = local.metrics_address
    PROTECTED_ONLY             = var.gitlab.protected_only
    REGION                     = local.region
    RUNNER_ANY_VERSION         = var.runner_host.gitlab_runner.version == ""
    RUNNER_SHA256              = var.runner_host.gitlab_runner.sha256
    RUNNER_TAGS                = local.runner_tags
    RUNNER_URL                 = var.runner_host.gitlab_runner.url
    RUNNER_VERSION             = var.runner_host.gitlab_runner.version == "" ? local.runner_version : var.runner_host.gitlab_runner.version
    RUN_UNTAGGED               = local.run_untagged
    TOKEN_KIND                 = var.gitlab.runner_token_ssm_path == "" ? "registration" : "authentication"
    TOKEN_PARAMETER            = local.runner_token_path
  }

  # What the drain service reads.
  host_fleet = {
    autoscaling_group               = local.group_name
    enter_unit                      = "gitlab-runner-fleet-enter.service"
    fleet                           = var.name
    force_instance_deletion_seconds = var.asg.force_instance_deletion_time
    max_jobs_per_instance           = var.asg.max_jobs_per_instance
    region                          = local.region
    runner_binary                   = "/usr/local/bin/gitlab-runner"
    runner_config                   = "/etc/gitlab-runner/config.toml"
    runner_unit                     = "gitlab-runner.service"
    terminating_heartbeat_seconds   = local.terminating_seconds
    terminating_hook                = local.terminating_hook
    version                         = 1
  }

  # A shell executor's job inherits the environment of gitlab-runner: the cache's profile is none of its business.
  host_runners = merge(
    { for name, value in { pre_build_script = "unset AWS_CONFIG_FILE AWS_SDK_LOAD_CONFIG" } : name => value if var.asg.executor == "shell" && local.cache_auth == "vended" },
    var.runner_host.runners,
  )

  host_config = templatefile("${path.module}/runner_host/config.toml.tftpl", {
    ca_file            = var.gitlab.ca_certificate == "" ? "" : "${local.host_settings}/ca.pem"
    cache              = var.cache.enabled ? { auth = local.cache_auth, bucket = local.cache_bucket, prefix = local.cache_prefix, region = local.region } : null
    concurrent         = var.gitlab.runner_agents_per_instance
    connection_max_age = "${ceil(var.gitlab.connection_max_age * 60)}s"
    docker             = merge({ image = "alpine:latest", privileged = false, volumes = ["/cache"] }, var.runner_host.docker)
    executor           = var.asg.executor
    log_level          = var.asg.log_level
    metrics_address    = local.metrics_address
    runners            = local.host_runners
    shutdown_timeout   = var.runner_host.shutdown_timeout
    url                = local.gitlab_url
  })

  host_agent = {
    agent = { metrics_collection_interval = 300, run_as_user = "root" }
    logs = {
      logs_collected = {
        files = {
          collect_list = [{ file_path = "/var/log/gitlab-runner-fleet/journal.log", log_group_name = local.runner_log_group, log_stream_name = "{instance_id}/runner" }]
        }
      }
    }
  }

  # Comments, docstrings and empty lines stay in the repository: they are a third of the text.
  comment_lines = "/(?m)^(?: *# .*)?\\n/"
  docstrings    = "/(?m)^( *)\"\"\"(?:[^\"]|\"[^\"]|\"\"[^\"])*\"\"\"$/"
  host_drain    = replace(replace(file("${path.module}/runner_host/drain.py"), local.docstrings, "$1\"\""), local.comment_lines, "")
  host_scripts = {
    for name in ["bootstrap.sh", "gitlab.sh", "host.sh", "packages.sh"] :
    name => replace(file("${path.module}/runner_host/${name}"), local.comment_lines, "")
  }

  # Path on the instance => its content and mode. Null is left out.
  host_files = {
    for path, file in merge(
      { "${local.host_files_folder}/drain.py" = { content = local.host_drain, mode = "0755" } },
      { for name, content in local.host_scripts : "${local.host_files_folder}/${name}" => { content = content, mode = "0755" } },
      {
        for unit, name in {
          "gitlab-runner-drain.service"           = "drain.service"
          "gitlab-runner-fleet-enter.service"     = "enter.service"
          "gitlab-runner-fleet-journal.service"   = "journal.service"
          "gitlab-runner.service"                 = "gitlab-runner.service"
          "gitlab-runner.service.d/10-drain.conf" = "gitlab-runner.conf"
        } : "/etc/systemd/system/${unit}" => { content = replace(file("${path.module}/runner_host/${name}"), local.comment_lines, ""), mode = "0644" }
      },
      {
        "${local.host_settings}/bootstrap.env" = { content = join("", [for name, value in local.host_environment : "${name}='${replace(value, "'", "'\\''")}'\n"]), mode = "0644" }
        "${local.host_settings}/config.toml"   = { content = local.host_config, mode = "0600" }
        "${local.host_settings}/fleet.json"    = { content = jsonencode(local.host_fleet), mode = "0644" }
      },
      { for path, script in { post-install = var.runner_host.post_install, pre-install = var.runner_host.pre_install } : "${local.host_settings}/${path}" => { content = script, mode = "0700" } if script != "" },
      {
        for path, file in {
          "${local.host_settings}/cloudwatch-agent.json" = { content = jsonencode(local.host_agent), mode = "0644" }
        } : path => file if var.runner_host.cloudwatch_agent.install
      },
      {
        for path, file in {
          "${local.host_files_folder}/cache-credentials" = { content = replace(file("${path.module}/runner_host/cache-credentials"), local.comment_lines, ""), mode = "0700" }
          "${local.host_settings}/aws-config"            = { content = "[default]\ncredential_process = ${local.host_files_folder}/cache-credentials\n", mode = "0600" }
        } : path => file if local.cache_auth == "vended"
      },
      {
        for path, file in {
          "/etc/systemd/system/gitlab-runner.service.d/20-jobs.conf" = { content = "[Service]\nRestart=on-failure\n", mode = "0644" }
        } : path => file if var.asg.max_jobs_per_instance > 0
      },
    ) : path => file
  }

  # JSON is YAML.
  cloud_config = join("\n", ["#cloud-config", jsonencode({
    runcmd = [["bash", "${local.host_files_folder}/bootstrap.sh", "install"]]
    write_files = [
      for path, file in local.host_files : {
        content     = file.content
        path        = path
        permissions = file.mode
      }
    ]
  })])

  # The lists of a cloud-config that came before are kept: its write_files and runcmd go first.
  user_data = var.runner_host.user_data == "" ? local.cloud_config : join("\n", [
    "Content-Type: multipart/mixed; boundary=\"==gitlab-runner-fleet==\"",
    "MIME-Version: 1.0",
    "",
    "--==gitlab-runner-fleet==",
    "Content-Type: ${startswith(var.runner_host.user_data, "#!") ? "text/x-shellscript" : "text/cloud-config"}; charset=\"utf-8\"",
    "",
    var.runner_host.user_data,
    "--==gitlab-runner-fleet==",
    "Content-Type: text/cloud-config; charset=\"utf-8\"",
    "Merge-Type: list(append)+dict(recurse_list)+str()",
    "",
    local.cloud_config,
    "--==gitlab-runner-fleet==--",
    "",
  ])
  packed_user_data = base64gzip(local.user_data)
  # Base64 writes three bytes as four characters.
  user_data_bytes = length(local.packed_user_data) * 3 / 4 - length(regexall("=", local.packed_user_data))
}
