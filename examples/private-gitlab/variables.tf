variable "ca_certificate_file" {
  description = "PEM file of the authority's certificate, in this folder; ca.pem is a made-up authority to be replaced."
  type        = string
  default     = "ca.pem"
}

variable "gitlab_url" {
  description = "Address of GitLab."
  type        = string
  default     = "https://gitlab.internal.example"
}

variable "name" {
  description = "Name of the fleet."
  type        = string
  default     = "ci-private"
}
