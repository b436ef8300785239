output "subnet_ids" {
  description = "Ids of the subnets, in two availability zones."
  value       = aws_subnet.public[*].id
}
