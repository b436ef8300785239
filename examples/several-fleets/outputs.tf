output "autoscaling_group_names" {
  description = "Names of the Auto Scaling groups, by fleet."
  value       = { for name, fleet in module.fleet : name => fleet.autoscaling_group_name }
}

output "webhook_urls" {
  description = "Addresses for GitLab's webhooks, by fleet: a project whose jobs use several fleets needs several webhooks."
  value       = { for name, fleet in module.fleet : name => fleet.lambda_function_url }
}
