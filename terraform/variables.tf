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
    idle_buffer: instances to have ready beyond what the jobs need.
    max_scale_out_step: instances to add at once at most; 0 = no limit.
  EOT
  type = object({
    actuator           = optional(string, "lambda")
    idle_buffer        = optional(number, 0)
    max_scale_out_step = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["alarms", "lambda"], var.scaling.actuator)
    error_message = "scaling.actuator must be \"lambda\" or \"alarms\"."
  }

  validation {
    condition     = var.scaling.idle_buffer >= 0 && floor(var.scaling.idle_buffer) == var.scaling.idle_buffer
    error_message = "scaling.idle_buffer must be a whole number of instances, 0 or more."
  }

  validation {
    condition     = var.scaling.idle_buffer <= var.asg.max_size
    error_message = "scaling.idle_buffer must not exceed asg.max_size: raise asg.max_size or lower the buffer."
  }

  validation {
    condition     = var.scaling.max_scale_out_step >= 0 && floor(var.scaling.max_scale_out_step) == var.scaling.max_scale_out_step
    error_message = "scaling.max_scale_out_step must be a whole number of instances; 0 means no limit."
  }
}

variable "observability" {
  description = <<-EOT
    What is recorded and who is told.
    alarm_topic_arn: SNS topic that the operational alarms tell: failing functions, dead letters, a stuck queue, an unreadable GitLab.
    alarms: create the operational alarms; by default when there is a topic. Say true when the topic is made in the same apply, since nobody knows its ARN while planning.
    kms_key_arn: KMS key for the log groups; its policy must let CloudWatch Logs use it.
    log_retention_days: days to keep logs, one of the values that CloudWatch Logs knows; 0 = for ever.
    tracing: trace the functions with X-Ray.
  EOT
  type = object({
    alarm_topic_arn    = optional(string)
    alarms             = optional(bool)
    kms_key_arn        = optional(string)
    log_retention_days = optional(number, 30)
    tracing            = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.observability.alarm_topic_arn == null || can(regex("^arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.observability.alarm_topic_arn))
    error_message = "observability.alarm_topic_arn must be the ARN of a standard SNS topic, such as \"arn:aws:sns:eu-west-1:123456789012:alerts\"; leave it out for no operational alarms."
  }

  validation {
    condition     = var.observability.kms_key_arn == null || can(regex("^arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.observability.kms_key_arn))
    error_message = "observability.kms_key_arn must be the ARN of a KMS key (not of an alias); leave it out for CloudWatch Logs' own encryption."
  }

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.observability.log_retention_days,
    )
    error_message = "observability.log_retention_days must be one that CloudWatch Logs knows: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}
