output "subnet_ids" {
  description = "Ids of the subnets for instances, in two availability zones."
  value       = var.private ? aws_subnet.private[*].id : aws_subnet.public[*].id
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.fleet.id
}
