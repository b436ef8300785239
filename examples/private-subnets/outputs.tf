output "autoscaling_group_name" {
  description = "Name of the Auto Scaling group."
  value       = module.fleet.autoscaling_group_name
}

output "webhook_url" {
  description = "Address for GitLab's webhook: Settings > Webhooks, trigger Job events."
  value       = module.fleet.lambda_function_url
}
