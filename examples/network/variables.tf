variable "name" {
  description = "Name of the network."
  type        = string
}
