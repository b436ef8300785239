variable "name" {
  description = "Name of the fleet: prefix of every resource's name. Two fleets in one account and region need two names."
  type        = string
  default     = "gitlab-runner"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9]){1,31}$", var.name)) && length(var.name) <= 32
    error_message = "name must be 2 to 32 lowercase letters, digits and single hyphens, start with a letter and not end with a hyphen, such as \"ci-linux\"."
  }
}

variable "provisioner" {
  description = "Where the functions' Python dependencies are put together: 'local' uses this machine's python3 and pip, 'container' a docker-compatible command line (docker, podman, nerdctl)."
  type        = string
  default     = "local"
  nullable    = false

  validation {
    condition     = contains(["container", "local"], var.provisioner)
    error_message = "provisioner must be \"local\" or \"container\"; to do without either, hand over ready-made zips with lambda.package_path."
  }
}

variable "scaling" {
  description = <<-EOT
    How capacity is decided and who changes it.
    actuator: "lambda" (the scaler sets the capacity itself, an alarm is the safety net) or "alarms" (the scaler publishes metrics, CloudWatch alarms and step policies change the capacity).
    idle_buffer: instances to have ready beyond what the jobs need, or "auto": as many as commonly come at once, learnt by the scaler.
    look_ahead: "pipeline" starts instances for jobs of running pipelines that are expected to be pending within one boot time, by what the scaler has learnt of their durations; "off" waits until they are pending.
    max_scale_out_step: instances to add at once at most; 0 = no limit.
  EOT
  type = object({
    actuator           = optional(string, "lambda")
    idle_buffer        = optional(string, "0")
    look_ahead         = optional(string, "pipeline")
    max_scale_out_step = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["alarms", "lambda"], var.scaling.actuator)
    error_message = "scaling.actuator must be \"lambda\" or \"alarms\"."
  }

  validation {
    condition     = var.scaling.idle_buffer == "auto" || can(regex("^[0-9]+$", var.scaling.idle_buffer))
    error_message = "scaling.idle_buffer must be a whole number of instances, 0 or more, or \"auto\" to let the scaler find it."
  }

  validation {
    condition     = try(tonumber(var.scaling.idle_buffer), 0) <= var.asg.max_size
    error_message = "scaling.idle_buffer must not exceed asg.max_size: raise asg.max_size, lower the buffer, or say \"auto\"."
  }

  validation {
    condition     = contains(["off", "pipeline"], var.scaling.look_ahead)
    error_message = "scaling.look_ahead must be \"pipeline\" or \"off\"."
  }

  validation {
    condition     = var.scaling.max_scale_out_step >= 0 && floor(var.scaling.max_scale_out_step) == var.scaling.max_scale_out_step
    error_message = "scaling.max_scale_out_step must be a whole number of instances; 0 means no limit."
  }
}

variable "observability" {
  description = <<-EOT
    What is recorded and who is told.
    alarm_topic_arn: SNS topic that the operational alarms tell, such as failing functions, jobs that wait too long, an unreadable GitLab. Each alarm names its runbook below docs/runbooks.
    alarms: create the operational alarms; by default when there is a topic. Say true when the topic is made in the same apply, since nobody knows its ARN while planning.
    dashboard: create a CloudWatch dashboard with the panels of make report.
    job_wait_seconds: a job that waits for longer than this for a runner is an alarm; 60 or more.
    kms_key_arn: KMS key for the log groups; its policy must let CloudWatch Logs use it.
    log_retention_days: days to keep logs, one of the values that CloudWatch Logs knows; 0 = for ever.
    runbook_url: where docs/runbooks is to be read, such as "https://git.example.com/ops/fleet/-/blob/main/docs/runbooks": alarms then name their runbook below it, as a link.
    tracing: trace the functions with X-Ray.
  EOT
  type = object({
    alarm_topic_arn    = optional(string)
    alarms             = optional(bool)
    dashboard          = optional(bool, false)
    job_wait_seconds   = optional(number, 300)
    kms_key_arn        = optional(string)
    log_retention_days = optional(number, 30)
    runbook_url        = optional(string)
    tracing            = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.observability.alarm_topic_arn == null || can(regex("^arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.observability.alarm_topic_arn))
    error_message = "observability.alarm_topic_arn must be the ARN of a standard SNS topic, such as \"arn:aws:sns:eu-west-1:123456789012:alerts\"; leave it out for no operational alarms."
  }

  validation {
    condition     = var.observability.job_wait_seconds >= 60 && floor(var.observability.job_wait_seconds) == var.observability.job_wait_seconds
    error_message = "observability.job_wait_seconds must be whole seconds, 60 or more: an instance takes about that long to start."
  }

  validation {
    condition     = var.observability.kms_key_arn == null || can(regex("^arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.observability.kms_key_arn))
    error_message = "observability.kms_key_arn must be the ARN of a KMS key (not of an alias); leave it out for CloudWatch Logs' own encryption."
  }

  validation {
    condition     = var.observability.runbook_url == null || can(regex("^https?://[^ ?#]+$", var.observability.runbook_url))
    error_message = "observability.runbook_url must be an address without ? and #, such as \"https://git.example.com/ops/fleet/-/blob/main/docs/runbooks\"; alarms add the runbook's file name to it."
  }

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.observability.log_retention_days,
    )
    error_message = "observability.log_retention_days must be one that CloudWatch Logs knows: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}
