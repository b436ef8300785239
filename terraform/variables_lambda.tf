variable "lambda" {
  description = <<-EOT
    The functions and their schedule.
    allow_function_url: create the public URL for GitLab's webhooks; needs gitlab.webhook_secret_ssm_path or gitlab.webhook_signing_token_ssm_path.
    architecture: "x86_64" or "arm64", of the functions; has nothing to do with the instances'.
    cors: allow_credentials, allow_headers, allow_methods, allow_origins, expose_headers, max_age of the URL.
    functions: memory_size (MB) and timeout (seconds) of each function: credentials, scaler, schedule (at least 75 seconds), termination, webhook.
    memory_size: memory of the scaler in MB, unless functions.scaler has it; 256 when neither is given.
    package_path: ready-made zips, scaler and webhook, and credentials where it is enabled; nothing is built then.
    rate: how often every project is read: rate(…), cron(…) or "off". Instances are looked after each minute in any case.
    runtime: Python runtime; one older than python3.13 is raised to it.
    security_group_ids, subnet_ids: put the scaler and the credential vendor into a VPC, for a GitLab that is reachable only there.
  EOT
  type = object({
    allow_function_url = optional(bool, false)
    architecture       = optional(string, "x86_64")
    cors = optional(object({
      allow_credentials = optional(bool, false)
      allow_headers     = optional(list(string), [])
      allow_methods     = optional(list(string), [])
      allow_origins     = optional(list(string), [])
      expose_headers    = optional(list(string), [])
      max_age           = optional(number, 0)
    }), {})
    functions = optional(map(object({
      memory_size = optional(number)
      timeout     = optional(number)
    })), {})
    memory_size = optional(number)
    package_path = optional(object({
      credentials = optional(string)
      scaler      = string
      webhook     = string
    }))
    rate               = optional(string, "rate(1 minute)")
    runtime            = optional(string, "python3.13")
    security_group_ids = optional(list(string), [])
    subnet_ids         = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.lambda.allow_function_url || var.gitlab.webhook_secret_ssm_path != "" || var.gitlab.webhook_signing_token_ssm_path != ""
    error_message = "lambda.allow_function_url = true makes a public URL, which needs a secret: give gitlab.webhook_signing_token_ssm_path or gitlab.webhook_secret_ssm_path."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda.architecture)
    error_message = "lambda.architecture must be \"x86_64\" or \"arm64\"."
  }

  validation {
    condition     = var.lambda.cors.max_age >= 0 && var.lambda.cors.max_age <= 86400
    error_message = "lambda.cors.max_age must be 0 to 86400 seconds."
  }

  validation {
    condition     = length(setsubtract(keys(var.lambda.functions), ["credentials", "scaler", "schedule", "termination", "webhook"])) == 0
    error_message = "lambda.functions knows credentials, scaler, schedule, termination and webhook only."
  }

  validation {
    condition = alltrue([
      for size in concat([var.lambda.memory_size], [for f in values(var.lambda.functions) : f.memory_size]) :
      try(size >= 128 && size <= 10240 && floor(size) == size, size == null)
    ])
    error_message = "lambda.memory_size and lambda.functions.*.memory_size must be 128 to 10240 whole MB."
  }

  validation {
    condition     = alltrue([for f in values(var.lambda.functions) : try(f.timeout >= 1 && f.timeout <= 900 && floor(f.timeout) == f.timeout, f.timeout == null)])
    error_message = "lambda.functions.*.timeout must be 1 to 900 whole seconds."
  }

  # GitLab waits 10 seconds for a webhook's answer; Auto Scaling waits 2 for a termination policy's.
  validation {
    condition = alltrue([
      for name, limit in { termination = 2, webhook = 10 } : coalesce(try(var.lambda.functions[name].timeout, null), limit) <= limit
    ])
    error_message = "lambda.functions.webhook.timeout must be at most 10 and lambda.functions.termination.timeout at most 2 seconds: nobody waits longer for their answer."
  }

  # Runner hosts are answered within 8 seconds; a new container starts in a few more.
  validation {
    condition     = coalesce(try(var.lambda.functions.schedule.timeout, null), 75) >= 75
    error_message = "lambda.functions.schedule.timeout must be at least 75 seconds: it waits for up to a minute until an idle instance may go."
  }

  validation {
    condition     = coalesce(try(var.lambda.functions.credentials.timeout, null), 12) >= 12
    error_message = "lambda.functions.credentials.timeout must be at least 12 seconds: it answers jobs within one and runner hosts within eight by itself."
  }

  validation {
    condition     = var.lambda.package_path == null || !var.credentials.enabled || try(var.lambda.package_path.credentials, null) != null
    error_message = "lambda.package_path must have credentials, too, when credentials.enabled is true."
  }

  validation {
    condition     = alltrue([for path in compact(try(values(var.lambda.package_path), [])) : fileexists(path)])
    error_message = "lambda.package_path names a file that does not exist: build it with tools/package/build.py, or leave package_path out to have it built."
  }

  # EventBridge Scheduler's forms: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
  validation {
    condition = var.lambda.rate == "off" || startswith(var.lambda.rate, "cron(") || can(
      regex("^rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)$", var.lambda.rate)
    )
    error_message = "lambda.rate must be \"off\", cron(…), or a rate with its unit in the singular for 1 and in the plural otherwise: \"rate(1 minute)\", \"rate(5 minutes)\"."
  }

  validation {
    condition = !startswith(var.lambda.rate, "cron(") || can(regex(format("^cron\\(%s\\)$", join(" +", [
      "(\\*|[0-5]?[0-9])(-[0-5]?[0-9])?(/[0-9]+)?(,(\\*|[0-5]?[0-9])(-[0-5]?[0-9])?(/[0-9]+)?)*",
      "(\\*|[01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?(/[0-9]+)?(,(\\*|[01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?(/[0-9]+)?)*",
      "(\\?|LW?|(\\*|0?[1-9]|[12][0-9]|3[01])W?(-(0?[1-9]|[12][0-9]|3[01]))?(/[0-9]+)?(,(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)*)",
      "(\\*|[0-9]{1,2}|[A-Z]{3})(-([0-9]{1,2}|[A-Z]{3}))?(/[0-9]+)?(,([0-9]{1,2}|[A-Z]{3})(-([0-9]{1,2}|[A-Z]{3}))?)*",
      "(\\?|L|(\\*|[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5])?(-([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?(/[0-9]+)?(,([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?)*)",
      "(\\*|[12][0-9]{3})(-[12][0-9]{3})?(/[0-9]+)?(,[12][0-9]{3}(-[12][0-9]{3})?)*",
    ])), var.lambda.rate))
    error_message = "lambda.rate must have cron's six fields as AWS has them: minutes, hours, day of month, month, day of week, year, such as \"cron(0 21 * * ? *)\"."
  }

  validation {
    condition = !startswith(var.lambda.rate, "cron(") || try(
      (regex("^cron\\(\\S+ +\\S+ +(\\S+) +\\S+ +\\S+ +\\S+\\)$", var.lambda.rate)[0] == "?") !=
      (regex("^cron\\(\\S+ +\\S+ +\\S+ +\\S+ +(\\S+) +\\S+\\)$", var.lambda.rate)[0] == "?"),
      true, # not six fields: the validation above says so
    )
    error_message = "lambda.rate must have ? in exactly one of cron's day fields, day of month and day of week: \"cron(0 21 * * ? *)\" is every day at 21:00 UTC."
  }

  validation {
    condition     = can(regex("^python3\\.([0-9]|1[0-4])$", var.lambda.runtime))
    error_message = "lambda.runtime must be \"python3.13\" or \"python3.14\" (an older one is raised to python3.13)."
  }

  validation {
    condition     = (length(var.lambda.subnet_ids) == 0) == (length(var.lambda.security_group_ids) == 0)
    error_message = "lambda.subnet_ids and lambda.security_group_ids must be given together, or neither."
  }
}
