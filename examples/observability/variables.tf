variable "email" {
  description = "Mail address that the alarms are sent to; none = subscribe to the topic by other means."
  type        = string
  default     = ""
}

variable "gitlab_url" {
  description = "Address of GitLab."
  type        = string
  default     = "https://gitlab.com"
}

variable "name" {
  description = "Name of the fleet."
  type        = string
  default     = "ci-observability"
}
