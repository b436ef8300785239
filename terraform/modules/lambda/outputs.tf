output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "environment" {
  description = "The function's environment variables."
  value       = one(aws_lambda_function.this.environment).variables
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "policy" {
  description = "What the function's role may do, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "version" {
  description = "The published version."
  value       = aws_lambda_function.this.version
}
