# Graviton instances, for jobs with the tag arm64.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    architecture                = "arm64"
    associate_public_ip_address = true
    instance_type               = "m7g.large"
    max_size                    = 10
    subnet_ids                  = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    runner_job_tags                = "arm64,docker,linux"
    runner_token_ssm_path          = "/${var.name}/gitlab-runner-token"
    uri                            = var.gitlab_url
    webhook_signing_token_ssm_path = "/${var.name}/gitlab-webhook-signing-token"
  }
  lambda = {
    allow_function_url = true
    rate               = "rate(5 minutes)"
  }
  name = var.name
}
