variable "gitlab_url" {
  description = "Address of GitLab."
  type        = string
  default     = "https://gitlab.com"
}

variable "name" {
  description = "Name of the fleet."
  type        = string
  default     = "ci-subnets"
}
