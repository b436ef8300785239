variable "actuator" {
  description = "Who changes the capacity: \"lambda\" or \"alarms\"."
  type        = string
  default     = "lambda"
}

variable "ca_certificate" {
  description = "PEM certificates of GitLab's own authority."
  type        = string
  default     = ""
}

variable "credentials_enabled" {
  description = "Create the credential vendor, too."
  type        = bool
  default     = true
}

variable "gitlab_groups" {
  description = "Groups to look after; with no projects either, every project of the token's user."
  type        = list(string)
  default     = []
}

variable "gitlab_projects" {
  description = "Projects to look after."
  type        = list(string)
  default     = []
}

variable "gitlab_token" {
  description = "Token for GitLab's API."
  type        = string
  sensitive   = true
}

variable "gitlab_url" {
  description = "Address of GitLab."
  type        = string
}

variable "lambda_architecture" {
  description = "Architecture of the functions: the one of the machine that runs them."
  type        = string
  default     = "x86_64"
}

variable "lambda_runtime" {
  description = "Python runtime of the functions."
  type        = string
  default     = "python3.13"
}

variable "log_level" {
  description = "Log level of the functions."
  type        = string
  default     = "info"
}

variable "max_size" {
  description = "Instances at most."
  type        = number
  default     = 60
}

variable "name" {
  description = "Name of the fleet."
  type        = string
  default     = "fleet"
}

variable "requests_per_minute" {
  description = "Requests to GitLab a minute at most."
  type        = number
  default     = 300
}

variable "run_untagged" {
  description = "Take jobs without tags."
  type        = bool
  default     = true
}

variable "runner_id" {
  description = "The runner's number in GitLab; \"\" = unknown."
  type        = string
  default     = ""
}

variable "runner_idletime" {
  description = "Minutes that an instance may be idle."
  type        = string
  default     = "0.25"
}

variable "runner_tags" {
  description = "The runner's tags."
  type        = list(string)
  default     = ["docker", "linux"]
}

variable "sample_namespace_id" {
  description = "Number of the group that the sample project is in."
  type        = number
  default     = 7
}

variable "sample_project_id" {
  description = "Number of the project whose jobs may have the sample grant."
  type        = number
  default     = 42
}

variable "sample_project_path" {
  description = "Path of that project."
  type        = string
  default     = "acme/shop"
}

variable "slots" {
  description = "Jobs that one instance runs at a time."
  type        = number
  default     = 4
}

variable "webhook_secret" {
  description = "The webhook's secret token."
  type        = string
  sensitive   = true
}

variable "webhook_signing_token" {
  description = "The webhook's signing token, whsec_…"
  type        = string
  sensitive   = true
}
