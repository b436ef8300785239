variable "cache" {
  description = <<-EOT
    The fleet's part of an S3 bucket, where runner hosts keep the jobs' caches.
    bucket: name of the bucket; a credentials grant for runners needs it.
    kms_key_arn: KMS key that the bucket's objects are encrypted with; empty = none of your own.
    prefix: what every key of the fleet starts with, without slashes around it; by default the fleet's name.
  EOT
  type = object({
    bucket      = optional(string, "")
    kms_key_arn = optional(string, "")
    prefix      = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.cache.bucket == "" || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.cache.bucket))
    error_message = "cache.bucket must be the name of an S3 bucket, 3 to 63 lowercase letters, digits, dots and hyphens."
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
