variable "cache" {
  description = <<-EOT
    The fleet's part of an S3 bucket, where runner hosts keep the jobs' caches.
    access_key_ssm_path, secret_key_ssm_path: SSM parameters with a user's access key, for auth = "user".
    auth: where gitlab-runner's credentials for the bucket come from: "vended" (the credential vendor), "instance_role" or "user".
    bucket: name of a bucket of your own; with enabled and without it one is made. A credentials grant for runners needs either. The name must be known while planning.
    enabled: configure gitlab-runner to use the cache.
    expiration_days: days after which an object of the bucket that is made goes.
    force_destroy: delete the bucket that was made even when there are objects in it.
    kms_key_arn: KMS key that the bucket's objects are encrypted with; empty = S3's own key.
    prefix: what every key of the fleet starts with, without slashes around it; by default the fleet's name.
  EOT
  type = object({
    access_key_ssm_path = optional(string, "")
    auth                = optional(string, "vended")
    bucket              = optional(string, "")
    enabled             = optional(bool, false)
    expiration_days     = optional(number, 30)
    force_destroy       = optional(bool, false)
    kms_key_arn         = optional(string, "")
    prefix              = optional(string)
    secret_key_ssm_path = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["instance_role", "user", "vended"], var.cache.auth)
    error_message = "cache.auth must be \"vended\", \"instance_role\" or \"user\"."
  }

  validation {
    condition     = var.cache.auth != "user" || (var.cache.access_key_ssm_path != "" && var.cache.secret_key_ssm_path != "")
    error_message = "cache.auth = \"user\" needs cache.access_key_ssm_path and cache.secret_key_ssm_path, names of SSM parameters."
  }

  validation {
    condition     = alltrue([for path in [var.cache.access_key_ssm_path, var.cache.secret_key_ssm_path] : path == "" || can(regex("^(/[A-Za-z0-9_.-]+)+$|^[A-Za-z0-9_.-]+$", path))])
    error_message = "cache.access_key_ssm_path and cache.secret_key_ssm_path must be names of SSM parameters in this account and region, such as \"/ci/cache-access-key\"."
  }

  validation {
    condition     = var.cache.bucket == "" || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.cache.bucket))
    error_message = "cache.bucket must be the name of an S3 bucket, 3 to 63 lowercase letters, digits, dots and hyphens."
  }

  validation {
    condition     = var.cache.expiration_days >= 1 && floor(var.cache.expiration_days) == var.cache.expiration_days
    error_message = "cache.expiration_days must be whole days, 1 or more."
  }

  validation {
    condition     = var.cache.kms_key_arn == "" || can(regex("^arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.cache.kms_key_arn))
    error_message = "cache.kms_key_arn must be the ARN of a KMS key (not of an alias); leave it out when the bucket has no key of its own."
  }

  validation {
    condition     = var.cache.prefix == null || can(regex("^[A-Za-z0-9!_.'()=-]+(/[A-Za-z0-9!_.'()=-]+)*$", var.cache.prefix))
    error_message = "cache.prefix must be one or more parts of letters, digits and !_.'()=- with slashes between them, such as \"ci/linux\": hosts are confined to it."
  }
}
