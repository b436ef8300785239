# Instances without public addresses: they reach GitLab and the internet through a NAT gateway, and S3 past it. The
# functions need nothing of the network, so they are not in it; GitLab's webhook reaches them as ever.

module "network" {
  source = "../network"

  name    = var.name
  private = true
}

module "fleet" {
  source = "../../terraform"

  asg = {
    instance_type = "t3.medium"
    max_size      = 10
    subnet_ids    = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    runner_job_tags                = "docker,linux"
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
