variable "runner_host" {
  description = <<-EOT
    What runs on an instance: docs/runner-host.md.
    aws_cli: url and sha256 of the AWS CLI's zip where the image has no AWS CLI; by default AWS's newest.
    cloudwatch_agent: url and sha256 of the CloudWatch agent's deb or rpm where the image has none and Amazon Linux's package does not do; by default AWS's newest. install = false goes without: the journal stays on the instance.
    docker: settings of [runners.docker] in config.toml by their names there, such as image, privileged, pull_policy or volumes.
    gitlab_runner: version, url and sha256 of the binary. Without a version the image's own is kept, and 18.11.0 is installed where there is none. Without sha256 the checksum that GitLab publishes beside the binary is used; with a url and no sha256 there is none.
    pre_install, post_install: shell scripts that root runs before the first and after the last step of the installation; a failure gives the instance up.
    runners: settings of [[runners]] in config.toml by their names there, such as environment, output_limit or pre_build_script.
    shutdown_timeout: seconds that gitlab-runner leaves jobs when it is told to abort them (SIGTERM).
    user_data: user data of your own, a shell script (#!) or cloud-config (#cloud-config); cloud-init takes it before the module's.
  EOT
  type = object({
    aws_cli = optional(object({
      sha256 = optional(string, "")
      url    = optional(string, "")
    }), {})
    cloudwatch_agent = optional(object({
      install = optional(bool, true)
      sha256  = optional(string, "")
      url     = optional(string, "")
    }), {})
    docker = optional(any, {})
    gitlab_runner = optional(object({
      sha256  = optional(string, "")
      url     = optional(string, "")
      version = optional(string, "")
    }), {})
    post_install     = optional(string, "")
    pre_install      = optional(string, "")
    runners          = optional(any, {})
    shutdown_timeout = optional(number, 30)
    user_data        = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for file in [var.runner_host.aws_cli, var.runner_host.cloudwatch_agent, var.runner_host.gitlab_runner] : can(regex("^([0-9a-f]{64})?$", file.sha256))])
    error_message = "runner_host.*.sha256 must be 64 lowercase hexadecimal digits, as sha256sum prints them."
  }

  validation {
    condition     = alltrue([for file in [var.runner_host.aws_cli, var.runner_host.cloudwatch_agent, var.runner_host.gitlab_runner] : can(regex("^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9_.~/%+-]+)?$", file.url))])
    error_message = "runner_host.*.url must be https://host/path of a file, without a query."
  }

  validation {
    condition     = can(regex("^([0-9]+\\.[0-9]+\\.[0-9]+)?$", var.runner_host.gitlab_runner.version))
    error_message = "runner_host.gitlab_runner.version must be a whole version without a v, such as \"18.11.0\"."
  }

  validation {
    condition     = var.runner_host.gitlab_runner.version != "" || var.runner_host.gitlab_runner.url == ""
    error_message = "runner_host.gitlab_runner.version must be given with runner_host.gitlab_runner.url: it is how an image's gitlab-runner is told apart."
  }

  # The forms in which TOML and JSON are alike.
  validation {
    condition = alltrue([
      for name, value in merge(try(var.runner_host.docker, {}), try(var.runner_host.runners, {})) :
      can(regex("^[a-z][a-z0-9_]*$", name)) && (can(tostring(value)) || can([for item in value : tostring(item)])) && value != null && !can(keys(value))
    ])
    error_message = "runner_host.docker and runner_host.runners must hold settings of config.toml: names of lowercase letters, digits and _, values that are texts, numbers, true, false or lists of them."
  }

  validation {
    condition     = length(setintersection(["executor", "id", "name", "system_id", "token", "url"], try(keys(var.runner_host.runners), []))) == 0
    error_message = "runner_host.runners must not hold executor, id, name, system_id, token or url: the module sets them (asg.executor, gitlab.uri, gitlab.runner_token_ssm_path)."
  }

  # With the host's network a container reaches the instance's metadata, and with it the instance's credentials.
  validation {
    condition     = !can(var.runner_host.docker.host) && try(var.runner_host.docker.network_mode, "") != "host"
    error_message = "runner_host.docker must not hold host (the image's engine is found) or network_mode = \"host\" (a job would reach the instance's credentials)."
  }

  validation {
    condition     = alltrue([for script in [var.runner_host.post_install, var.runner_host.pre_install] : script == "" || startswith(script, "#!")])
    error_message = "runner_host.pre_install and runner_host.post_install must be shell scripts that start with #!, such as \"#!/bin/bash\"."
  }

  validation {
    condition     = var.runner_host.shutdown_timeout >= 0 && floor(var.runner_host.shutdown_timeout) == var.runner_host.shutdown_timeout
    error_message = "runner_host.shutdown_timeout must be whole seconds, 0 or more."
  }

  validation {
    condition     = var.runner_host.user_data == "" || can(regex("^(#!|#cloud-config\\s)", var.runner_host.user_data))
    error_message = "runner_host.user_data must start with #! (a script) or #cloud-config."
  }
}
