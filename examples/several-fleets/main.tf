# Three fleets side by side in one account and network, told apart by their jobs' tags: small ones for most jobs, large
# ones for builds, and one that runs protected jobs only. Each has a runner, a webhook and a state of its own.

locals {
  fleets = {
    build = {
      instance_type  = "c6i.2xlarge"
      max_size       = 10
      protected_only = false
      tags           = "build,linux"
    }
    deploy = {
      instance_type  = "t3.small"
      max_size       = 3
      protected_only = true
      tags           = "deploy"
    }
    small = {
      instance_type  = "t3.medium"
      max_size       = 30
      protected_only = false
      tags           = "docker,linux"
    }
  }
}

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source   = "../../terraform"
  for_each = local.fleets

  asg = {
    associate_public_ip_address = true
    instance_type               = each.value.instance_type
    max_size                    = each.value.max_size
    subnet_ids                  = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    protected_only                 = each.value.protected_only
    runner_job_tags                = each.value.tags
    runner_token_ssm_path          = "/${var.name}/${each.key}/gitlab-runner-token"
    uri                            = var.gitlab_url
    webhook_signing_token_ssm_path = "/${var.name}/gitlab-webhook-signing-token"
  }
  lambda = {
    allow_function_url = true
    rate               = "rate(5 minutes)"
  }
  name = "${var.name}-${each.key}"
}
