output "credentials_audience" {
  description = "aud of the job's id_token."
  value       = module.fleet.credentials_audience
}

output "deploy_credentials_url" {
  description = "AWS_CONTAINER_CREDENTIALS_FULL_URI of the job."
  value       = "${module.fleet.credentials_function_url}v1/credentials/deploy"
}

output "site_bucket" {
  description = "Name of the bucket that jobs deploy to."
  value       = aws_s3_bucket.site.id
}

output "webhook_url" {
  description = "Where the project's webhook sends job events."
  value       = module.fleet.lambda_function_url
}
