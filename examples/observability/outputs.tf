output "alarm_topic_arn" {
  description = "The topic to subscribe to."
  value       = aws_sns_topic.alarms.arn
}

output "autoscaling_group_name" {
  description = "Name of the Auto Scaling group."
  value       = module.fleet.autoscaling_group_name
}

output "dashboard_url" {
  description = "Address of the dashboard."
  value       = module.fleet.dashboard_url
}

output "webhook_url" {
  description = "Address for GitLab's webhook: Settings > Webhooks, trigger Job events."
  value       = module.fleet.lambda_function_url
}
