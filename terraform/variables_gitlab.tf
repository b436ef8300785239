variable "gitlab" {
  description = <<-EOT
    GitLab, its projects and its runner.
    activity_since_hours: membership scope only: projects without activity for so long are not asked for jobs.
    api_token_ssm_path: SSM parameter with a token that may read the API.
    ca_certificate: PEM certificates of GitLab's own authority, at most 8 KB.
    connection_max_age: minutes after which a connection to GitLab is not used again.
    groups, projects: what to look after, as numbers or full paths, subgroups included; both empty = every project that the token is a member of.
    log_level: log level of the functions: debug, info, warning, error or critical.
    narrow_to_membership: "true" or "false": membership scope only: only projects that the token is a member of.
    protected_only: the runner takes jobs of protected branches and tags only.
    requests_per_minute: requests to GitLab a minute at most.
    run_untagged: the runner takes jobs without tags; by default when it has no tags itself.
    runner_agents_per_instance: jobs that one instance runs at a time.
    runner_id: the runner's number in GitLab; with it, running jobs of other runners are told apart. Left out, it is learnt from its jobs.
    runner_idletime: minutes that an instance may be idle before it goes; decimals are fine.
    runner_job_tags: the runner's tags, separated by commas.
    runner_registration_token_ssm_path: SSM parameter with a registration token (GitLab before 20.0).
    runner_token_ssm_path: SSM parameter with a runner authentication token (glrt-…); wins over the registration token.
    uri: address of GitLab.
    webhook_cidrs: address ranges that webhooks may come from; empty = any.
    webhook_secret_ssm_path: SSM parameter with the webhook's secret token.
    webhook_signing_token_ssm_path: SSM parameter with the webhook's signing token (whsec_…).
  EOT
  type = object({
    activity_since_hours               = optional(number, 4)
    api_token_ssm_path                 = string
    ca_certificate                     = optional(string, "")
    connection_max_age                 = optional(number, 15)
    groups                             = optional(list(string), [])
    log_level                          = optional(string, "info")
    narrow_to_membership               = optional(string, "true")
    projects                           = optional(list(string), [])
    protected_only                     = optional(bool, false)
    requests_per_minute                = optional(number, 300)
    run_untagged                       = optional(bool)
    runner_agents_per_instance         = optional(number, 1)
    runner_id                          = optional(string, "")
    runner_idletime                    = optional(string, "30")
    runner_job_tags                    = optional(string, "")
    runner_registration_token_ssm_path = optional(string, "")
    runner_token_ssm_path              = optional(string, "")
    uri                                = string
    webhook_cidrs                      = optional(list(string), [])
    webhook_secret_ssm_path            = optional(string, "")
    webhook_signing_token_ssm_path     = optional(string, "")
  })
  nullable = false

  validation {
    condition     = var.gitlab.activity_since_hours >= 1 && floor(var.gitlab.activity_since_hours) == var.gitlab.activity_since_hours
    error_message = "gitlab.activity_since_hours must be a whole number of hours, 1 or more (8760 = a year switches the filter off in practice)."
  }

  validation {
    condition = alltrue([
      for path in [
        var.gitlab.api_token_ssm_path,
        var.gitlab.runner_registration_token_ssm_path,
        var.gitlab.runner_token_ssm_path,
        var.gitlab.webhook_secret_ssm_path,
        var.gitlab.webhook_signing_token_ssm_path,
      ] : path == "" || can(regex("^(/[A-Za-z0-9_.-]+)+$|^[A-Za-z0-9_.-]+$", path))
    ])
    error_message = "gitlab.*_ssm_path must be names of SSM parameters in this account and region, such as \"/gitlab/api_token\"."
  }

  validation {
    condition     = var.gitlab.api_token_ssm_path != ""
    error_message = "gitlab.api_token_ssm_path must name the SSM parameter that holds the API token."
  }

  validation {
    condition     = var.gitlab.ca_certificate == "" || can(regex("^\\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----\\s*)+$", var.gitlab.ca_certificate))
    error_message = "gitlab.ca_certificate must be PEM text: one or more blocks from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, nothing else."
  }

  validation {
    condition     = length(var.gitlab.ca_certificate) <= 8192
    error_message = "gitlab.ca_certificate must be at most 8192 characters, what an SSM parameter holds: give the certificate of the root authority alone."
  }

  validation {
    condition     = var.gitlab.connection_max_age > 0 && var.gitlab.connection_max_age <= 1440
    error_message = "gitlab.connection_max_age must be minutes, above 0 and at most 1440."
  }

  validation {
    condition     = alltrue([for scope in concat(var.gitlab.groups, var.gitlab.projects) : can(regex("^([1-9][0-9]*|[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*)$", scope))])
    error_message = "gitlab.groups and gitlab.projects must hold numbers or full paths without leading or trailing slashes, such as \"42\" or \"platform/ci/images\"."
  }

  validation {
    condition     = alltrue([for project in var.gitlab.projects : can(regex("^[0-9]+$|/", project))])
    error_message = "gitlab.projects must hold project numbers or full paths; a path has its group in front, such as \"platform/images\". Groups go into gitlab.groups."
  }

  validation {
    condition     = contains(["critical", "debug", "error", "info", "warn", "warning"], var.gitlab.log_level)
    error_message = "gitlab.log_level must be debug, info, warning, error or critical (which is logged as error)."
  }

  validation {
    condition     = contains(["false", "true"], var.gitlab.narrow_to_membership)
    error_message = "gitlab.narrow_to_membership must be \"true\" or \"false\"."
  }

  validation {
    condition     = var.gitlab.requests_per_minute >= 10 && floor(var.gitlab.requests_per_minute) == var.gitlab.requests_per_minute
    error_message = "gitlab.requests_per_minute must be a whole number, 10 or more (GitLab.com allows about 600 job lists a minute for a user)."
  }

  validation {
    condition     = coalesce(var.gitlab.run_untagged, true) || length(regexall("[^, ]", var.gitlab.runner_job_tags)) > 0
    error_message = "gitlab.run_untagged = false with an empty gitlab.runner_job_tags is a runner that takes no job: give tags, or leave run_untagged out."
  }

  validation {
    condition     = var.gitlab.runner_agents_per_instance >= 1 && floor(var.gitlab.runner_agents_per_instance) == var.gitlab.runner_agents_per_instance
    error_message = "gitlab.runner_agents_per_instance must be a whole number, 1 or more."
  }

  validation {
    condition     = can(regex("^([1-9][0-9]*)?$", var.gitlab.runner_id))
    error_message = "gitlab.runner_id must be the runner's number, as in GitLab's address of it; leave it out when it is not known."
  }

  validation {
    condition     = can(regex("^[0-9]+(\\.[0-9]+)?$", var.gitlab.runner_idletime))
    error_message = "gitlab.runner_idletime must be minutes, 0 or more, as a string such as \"30\" or \"0.25\"."
  }

  validation {
    condition     = var.gitlab.runner_registration_token_ssm_path != "" || var.gitlab.runner_token_ssm_path != ""
    error_message = "gitlab.runner_token_ssm_path (a runner authentication token, glrt-…) or gitlab.runner_registration_token_ssm_path must be given."
  }

  validation {
    condition     = can(regex("^(https://[A-Za-z0-9.-]+|http://(localhost|127\\.[0-9]+\\.[0-9]+\\.[0-9]+|\\[::1\\]))(:[0-9]{1,5})?(/[A-Za-z0-9_.~/-]*)?$", var.gitlab.uri))
    error_message = "gitlab.uri must be https://host, with a port and a path where there are any, and nothing else in it; http only to localhost, 127.x.x.x or [::1]."
  }

  validation {
    condition     = alltrue([for cidr in var.gitlab.webhook_cidrs : can(cidrsubnet(cidr, 0, 0))])
    error_message = "gitlab.webhook_cidrs must hold address ranges in CIDR notation, such as \"34.74.90.64/28\"; an empty list allows any address."
  }
}
