variable "gitlab_url" {
  description = "Address of GitLab."
  type        = string
  default     = "https://gitlab.com"
}

variable "name" {
  description = "Name of the fleet."
  type        = string
  default     = "ci-minimal"
}

variable "rate" {
  description = "When GitLab is asked; cron(* 6-20 ? * MON-FRI *) = each minute from 6:00 to 20:59 UTC on working days."
  type        = string
  default     = "rate(1 minute)"
}
