variable "architecture" {
  description = "\"x86_64\" or \"arm64\"."
  type        = string
}

variable "description" {
  description = "What the function does, in one sentence."
  type        = string
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "filename" {
  description = "Path of the zip."
  type        = string
}

variable "handler" {
  description = "The function's entry point."
  type        = string
}

variable "iam_permissions_boundary" {
  description = "ARN of the policy that bounds the role; null = none."
  type        = string
  default     = null
}

variable "memory_size" {
  description = "Memory in MB."
  type        = number
}

variable "name" {
  description = "Name of the function."
  type        = string
}

variable "observability" {
  description = "Retention and encryption of the log, and tracing."
  type = object({
    kms_key_arn        = optional(string)
    log_retention_days = number
    tracing            = bool
  })
}

variable "parameters" {
  description = "Names of the SSM parameters that the function reads."
  type        = list(string)
  default     = []
}

variable "publish" {
  description = "Publish a version with each change, for an alias."
  type        = bool
  default     = false
}

variable "role_name" {
  description = "Name of the function's role."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
}

variable "source_code_hash" {
  description = "Hash of the zip when its path does not change with its content; else null."
  type        = string
  default     = null
}

variable "statements" {
  description = "Statements of the role's policy."
  type        = any
}

variable "timeout" {
  description = "Timeout in seconds."
  type        = number
}

variable "vpc" {
  description = "Subnets and security groups of a function in a VPC; null = none."
  type = object({
    security_group_ids = list(string)
    subnet_ids         = list(string)
  })
  default = null
}
