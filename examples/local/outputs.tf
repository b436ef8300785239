# The names are those of build/local/outputs.json.

output "autoscaling_group_name" {
  description = "Name of the Auto Scaling group."
  value       = module.fleet.autoscaling_group_name
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = module.fleet.dead_letter_queue_url
}

output "fleet" {
  description = "Name of the fleet."
  value       = var.name
}

output "gitlab_token" {
  description = "Token for GitLab's API."
  value       = var.gitlab_token
  sensitive   = true
}

output "gitlab_url" {
  description = "Address of GitLab."
  value       = var.gitlab_url
}

output "metric_namespace" {
  description = "CloudWatch namespace of the fleet's metrics."
  value       = module.fleet.metric_namespace
}

output "queue_url" {
  description = "URL of the queue of events."
  value       = module.fleet.queue_url
}

output "region" {
  description = "Region of the fleet."
  value       = data.aws_region.current.id
}

output "run_untagged" {
  description = "Whether jobs without tags are taken."
  value       = var.run_untagged
}

output "runner_id" {
  description = "The runner's number in GitLab; \"\" = unknown."
  value       = var.runner_id
}

output "runner_tags" {
  description = "The runner's tags."
  value       = var.runner_tags
}

output "scaler_function" {
  description = "Name of the scaler function."
  value       = module.fleet.function_names.scaler
}

output "schedule_function" {
  description = "Name of the function that the schedule invokes."
  value       = module.fleet.function_names.schedule
}

output "state_table" {
  description = "Name of the state table."
  value       = module.fleet.state_table_name
}

output "termination_function" {
  description = "Name of the function behind the termination policy."
  value       = module.fleet.function_names.termination
}

output "url_id" {
  description = "Id of the function URL."
  value       = module.fleet.url_id
}

output "webhook_function" {
  description = "Name of the function behind the URL."
  value       = module.fleet.function_names.webhook
}

output "webhook_secret" {
  description = "The webhook's secret token."
  value       = var.webhook_secret
  sensitive   = true
}

output "webhook_signing_token" {
  description = "The webhook's signing token."
  value       = var.webhook_signing_token
  sensitive   = true
}
