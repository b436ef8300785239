output "autoscaling_group_name" {
  description = "Name of the Auto Scaling group of the runner instances."
  value       = aws_autoscaling_group.runner.name
}

output "cache_bucket" {
  description = "Name of the cache's bucket, given or made; empty without one."
  value       = local.cache_bucket
}

output "credentials_audience" {
  description = "What a job's id_token must be made for: aud of the job's id_tokens; null unless credentials.enabled."
  value       = var.credentials.enabled ? local.credentials_audience : null
}

output "credentials_check_arn" {
  description = "ARN that make grants-check invokes: whoever tries the grants needs lambda:InvokeFunction on it; null unless credentials.enabled."
  value       = one([for name, alias in aws_lambda_alias.credentials : alias.arn if name == "check"])
}

output "credentials_function_url" {
  description = "Public URL for CI jobs: AWS_CONTAINER_CREDENTIALS_FULL_URI is this and v1/credentials/GRANT; null unless credentials.enabled."
  value       = one(aws_lambda_function_url.credentials[*].function_url)
}

# Made of names alone, so that it does not depend on the grants: a role that trusts it can be made in the same apply.
output "credentials_role_arn" {
  description = "ARN of the role that takes the grants' roles, for their trust policies, also before it exists."
  value       = "arn:${local.partition}:iam::${local.account_id}:role/${local.credentials_role}"
}

output "credentials_url_id" {
  description = "Id of the credential vendor's function URL; null unless credentials.enabled."
  value       = one(aws_lambda_function_url.credentials[*].url_id)
}

output "dashboard_url" {
  description = "Address of the dashboard in the console; null unless observability.dashboard."
  value = one([
    for dashboard in aws_cloudwatch_dashboard.fleet :
    "https://${lookup(local.console, local.partition, local.console.aws)}/cloudwatch/home?region=${local.region}#dashboards/dashboard/${dashboard.dashboard_name}"
  ])
}

output "dead_letter_queue_url" {
  description = "URL of the queue of the messages that the scaler could not handle."
  value       = aws_sqs_queue.events_dead.url
}

output "function_names" {
  description = "Names of the functions: scaler, schedule, termination and webhook, and credentials where it is enabled."
  value = merge(
    {
      scaler      = module.scaler.name
      schedule    = module.schedule.name
      termination = module.termination.name
      webhook     = module.webhook.name
    },
    { for function in module.credentials : "credentials" => function.name },
  )
}

output "function_role_arns" {
  description = "ARNs of the functions' roles, for key policies and permissions of your own: scaler, schedule, termination and webhook."
  value = {
    scaler      = module.scaler.role_arn
    schedule    = module.schedule.role_arn
    termination = module.termination.role_arn
    webhook     = module.webhook.role_arn
  }
}

output "lambda_function_url" {
  description = "Public URL for GitLab's webhooks; null unless lambda.allow_function_url."
  value       = one(aws_lambda_function_url.webhook[*].function_url)
}

output "metric_namespace" {
  description = "CloudWatch namespace of the fleet's metrics; their dimension is Fleet = name."
  value       = local.metric_namespace
}

output "queue_url" {
  description = "URL of the queue between webhook, schedule and scaler."
  value       = aws_sqs_queue.events.url
}

output "runner_role_arn" {
  description = "ARN of the instances' role, for policies of your own that should trust it."
  value       = aws_iam_role.runner.arn
}

output "runner_security_group_id" {
  description = "Id of the instances' security group, for rules of your own that should name it."
  value       = aws_security_group.runner.id
}

output "state_table_name" {
  description = "Name of the DynamoDB table with the scaler's state."
  value       = aws_dynamodb_table.state.name
}

output "url_id" {
  description = "Id of the function URL; null unless lambda.allow_function_url."
  value       = one(aws_lambda_function_url.webhook[*].url_id)
}
