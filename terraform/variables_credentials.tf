variable "credentials" {
  description = <<-EOT
    The credential vendor: CI jobs and runner hosts get short-lived AWS credentials. docs/credentials.md has the grants' reference.
    audience: what a job's id_token must be made for (aud); by default gitlab-runner-fleet:ACCOUNT:REGION:NAME, the output credentials_audience.
    enabled: create the vendor; nothing of it exists otherwise.
    epoch: raise it by one, and every credential that is cached is forgotten.
    grants: who gets which role: a map of names to objects with role_arn, callers, match, share, mode, duration_seconds, session_tags, require_running_job, session_policy, external_id, cache and kind.
    shared_cache: share sessions between the function's containers, through a DynamoDB table and a KMS key of its own.
  EOT
  type = object({
    audience = optional(string)
    enabled  = optional(bool, false)
    epoch    = optional(number, 1)
    # Not an object type: that would drop a misspelt attribute of a permission silently.
    grants       = optional(any, {})
    shared_cache = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.credentials.audience == null || can(regex("^[!-~]{1,255}$", var.credentials.audience))
    error_message = "credentials.audience must be 1 to 255 ASCII characters without spaces, as in aud of the job's id_tokens; leave it out for the fleet's own."
  }

  validation {
    condition     = var.credentials.epoch >= 1 && floor(var.credentials.epoch) == var.credentials.epoch
    error_message = "credentials.epoch must be a whole number, 1 or more."
  }

  validation {
    condition     = can(keys(var.credentials.grants)) && alltrue([for grant in try(values(var.credentials.grants), []) : can(keys(grant))])
    error_message = "credentials.grants must be a map of names to objects: { deploy = { role_arn = …, callers = \"gitlab_job\", match = { project_id = … } } }."
  }

  # What fits into the policies of one role: credentials.tf.
  validation {
    condition     = length(try(keys(var.credentials.grants), [])) <= 300 && length(try(jsonencode(var.credentials.grants), "")) <= 1000000
    error_message = "credentials.grants must be at most 300 grants and a megabyte: give some of them to another fleet."
  }

  validation {
    condition     = alltrue([for name in try(keys(var.credentials.grants), []) : can(regex("^[a-z0-9][a-z0-9_-]{0,63}$", name))])
    error_message = "credentials.grants must be named with lowercase letters, digits, - and _, 64 at most: the name is a part of the address."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      contains(["gitlab_job", "runner"], try(tostring(grant.callers) == null ? "" : tostring(grant.callers), ""))
      if can(keys(grant))
    ])
    error_message = "credentials.grants.*.callers must be \"gitlab_job\" or \"runner\"; a grant for both would be two."
  }

  # A misspelt attribute would be a permission that nobody has decided on.
  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      length(setsubtract(
        [for attribute, value in grant : attribute if value != null],
        concat(["cache", "callers", "duration_seconds", "external_id", "role_arn"], try(grant.callers, "") == "runner" ? ["kind"] : [
          "match", "mode", "require_running_job", "session_policy", "session_tags", "share",
        ]),
      )) == 0
      if can(keys(grant))
    ])
    error_message = "credentials.grants.* has an attribute that is not known there: correct its name, or take it out. All have cache, callers, duration_seconds, external_id and role_arn; those for jobs match, mode, require_running_job, session_policy, session_tags and share; those for runners kind."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.kind == "s3_cache", false)
      if try(grant.callers, "") == "runner"
    ])
    error_message = "credentials.grants.*.kind must be \"s3_cache\" in a grant for runners: every job that escapes to a host can ask for what hosts are given."
  }

  validation {
    condition     = var.credentials.enabled || !var.cache.enabled || var.cache.auth != "vended"
    error_message = "credentials.enabled must be true for cache.auth = \"vended\", which takes the cache's credentials from the vendor: enable it, or set cache.auth = \"instance_role\"."
  }

  validation {
    condition     = var.cache.bucket != "" || var.cache.enabled || alltrue([for grant in try(values(var.credentials.grants), []) : try(grant.callers, "") != "runner"])
    error_message = "credentials.grants has a grant for runners, which needs a bucket: name it with cache.bucket, set cache.enabled = true, or leave the grant out."
  }

  # IAM: a role's name has up to 64 characters, its path up to 512.
  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(length(grant.role_arn) <= 616, false) && can(regex("^arn:aws[a-z-]{0,12}:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", grant.role_arn))
      if can(keys(grant))
    ])
    error_message = "credentials.grants.*.role_arn must be the ARN of one IAM role, without wildcards, such as \"arn:aws:iam::123456789012:role/deploy\"."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      length(setintersection(try(keys(grant.match), []), ["namespace_id", "project_id"])) > 0
      if try(grant.callers, "") == "gitlab_job"
    ])
    error_message = "credentials.grants.*.match must pin project_id or namespace_id: a path or a ref alone can become somebody else's."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      alltrue([for claim in try(keys(grant.match), []) : can(regex("^[a-z][a-z0-9_]{0,63}$", claim))])
    ])
    error_message = "credentials.grants.*.match must name claims of the id_token, such as project_id, ref or environment."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      alltrue(flatten([
        for claim, accepted in try(merge(grant.match, {}), {}) : [length(try([for each in accepted : each if !can(keys(accepted))], [accepted])) > 0, [
          for value in try([for each in accepted : each if !can(keys(accepted))], [accepted]) :
          contains(["environment_protected", "groups_direct_truncated", "ref_protected"], claim) ? can(regex("^(false|true)$", value)) :
          endswith(claim, "_id") ? can(regex("^(0|[1-9][0-9]{0,18})$", value)) :
          can(regex("^\"[^*?]+\"$", jsonencode(value)))
        ]]
      ]))
    ])
    error_message = "credentials.grants.*.match must hold values that the claims can have, or lists of such values: digits for *_id, true or false for *_protected, text for the others. They are compared as a whole: * and ? are not patterns."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.share, null) == null ? true : try(contains(["job", "project", "ref"], grant.share), false)
    ])
    error_message = "credentials.grants.*.share must be \"job\", \"ref\" or \"project\"."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.mode, null) == null ? true : try(contains(["assume_role", "web_identity"], grant.mode), false)
    ])
    error_message = "credentials.grants.*.mode must be \"assume_role\" or \"web_identity\"."
  }

  # STS: a chained role's session ends after an hour; web identity is no chaining.
  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.duration_seconds, null) == null ? true : try(
        can(regex("^[0-9]+$", jsonencode(grant.duration_seconds))) && grant.duration_seconds >= 1800 &&
        grant.duration_seconds <= (try(grant.mode, null) == "web_identity" ? 43200 : 3600),
        false,
      )
    ])
    error_message = "credentials.grants.*.duration_seconds must be a whole number from 1800 to 3600, in mode web_identity to 43200."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      contains(["false", "null", "true"], jsonencode(try(grant.cache, null))) && contains(["false", "null", "true"], jsonencode(try(grant.require_running_job, null)))
    ])
    error_message = "credentials.grants.*.cache and credentials.grants.*.require_running_job must be true or false."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.session_tags, null) == null ? true : try(
        length(grant.session_tags) <= 50 && length(distinct(grant.session_tags)) == length(grant.session_tags) &&
        alltrue([for tag in tolist(grant.session_tags) : can(regex("^[a-z][a-z0-9_]{0,63}$", tag))]),
        false,
      )
    ])
    error_message = "credentials.grants.*.session_tags must be a list of at most 50 different claims, such as [\"project_path\"]."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(length(grant.session_tags) == 0, true) && try(grant.external_id == null, true)
      if try(grant.mode == "web_identity", false)
    ])
    error_message = "credentials.grants.*.session_tags and credentials.grants.*.external_id do not go with mode web_identity: AWS takes tags from the token, and no external id."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.external_id, null) == null ? true : can(regex("^[A-Za-z0-9_+=,.@:/-]{2,}$", grant.external_id)) && try(length(grant.external_id) <= 1224, false)
    ])
    error_message = "credentials.grants.*.external_id must be 2 to 1224 letters, digits and _+=,.@:/- (STS takes no others)."
  }

  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.session_policy, null) == null ? true : try(length(keys(grant.session_policy)) > 0 && length(jsonencode(grant.session_policy)) <= 2048, false)
    ])
    error_message = "credentials.grants.*.session_policy must be a policy as an object, not as text, with at most 2048 characters as JSON."
  }

  # What is allowed, to whom and how stays the word of the grant, not of the token.
  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      try(grant.session_policy, null) == null ? true : (
        !can(regex("[$][{]?[{][{]", jsonencode(grant.session_policy))) &&
        !can(regex("[}][}][^\"\\\\]*\":", jsonencode(grant.session_policy))) &&
        !strcontains(replace(jsonencode(grant.session_policy), "/[{][{][a-z][a-z0-9_]*[}][}]/", ""), "{{") &&
        !strcontains(jsonencode([
          { for element, value in try(merge(grant.session_policy, {}), {}) : element => value if element != "Statement" },
          [for statement in flatten([try(grant.session_policy.Statement, [])]) : {
            for element, value in try(merge(statement, {}), {}) : element => value if !contains(["Condition", "NotResource", "Resource"], element)
          }],
        ]), "{{")
      )
    ])
    error_message = "credentials.grants.*.session_policy may name claims as {{project_id}}, in values of Resource, NotResource and Condition only, and without $ right before."
  }

  # Else the session of one job would carry what is true of another.
  validation {
    condition = alltrue([
      for grant in try(values(var.credentials.grants), []) :
      length(setsubtract(
        concat(
          try([for tag in tolist(grant.session_tags) : tag if can(regex("^[a-z][a-z0-9_]{0,63}$", tag))], []),
          flatten(regexall("[{][{]([a-z][a-z0-9_]*)[}][}]", jsonencode(try(grant.session_policy, null)))),
        ),
        concat(
          ["namespace_id", "namespace_path", "project_id", "project_path"],
          try(grant.share == "project", false) ? [] : ["ref", "ref_type"],
          [for claim, accepted in merge({ ref_protected = "true" }, try(merge(grant.match, {}), {})) : claim if length(distinct(flatten([accepted]))) == 1],
        ),
      )) == 0
      if try(grant.share != "job", true)
    ])
    error_message = "credentials.grants.*.session_tags and credentials.grants.*.session_policy must not use what differs between the jobs that share a session: pin the claim in match to one value, or set share = \"job\"."
  }
}
