# The names are those of build/local/outputs.json.

output "autoscaling_group_name" {
  description = "Name of the Auto Scaling group."
  value       = module.fleet.autoscaling_group_name
}

output "cache_bucket" {
  description = "Name of the cache's bucket; empty without the credential vendor."
  value       = join("", aws_s3_bucket.cache[*].id)
}

output "credentials_audience" {
  description = "What an id_token must be made for; null without the credential vendor."
  value       = module.fleet.credentials_audience
}

output "credentials_function" {
  description = "Name of the credentials function; null without the credential vendor."
  value       = lookup(module.fleet.function_names, "credentials", null)
}

output "credentials_role_arn" {
  description = "ARN of the role that the sample grant gives; null without the credential vendor."
  value       = one(aws_iam_role.deploy[*].arn)
}

output "credentials_url_id" {
  description = "Id of the credential vendor's function URL; null without the credential vendor."
  value       = module.fleet.credentials_url_id
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

output "sample_claims" {
  description = "Claims of an id_token that the sample grant is for."
  value       = local.sample_claims
}

output "sample_grant" {
  description = "Name of the grant for jobs."
  value       = "deploy"
}

output "sample_host_grant" {
  description = "Name of the grant for runner hosts."
  value       = "cache"
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
