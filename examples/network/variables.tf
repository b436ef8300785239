variable "name" {
  description = "Name of the network."
  type        = string
}

variable "private" {
  description = "Give instances private subnets behind a NAT gateway."
  type        = bool
  default     = false
}
