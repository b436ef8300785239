# Two instances wait, installed and stopped, and enter the fleet when jobs come.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    instance_type               = "m6i.large"
    max_size                    = 10
    subnet_ids                  = module.network.subnet_ids
    warm_pool = {
      max_group_prepared_capacity = 4
      min_size                    = 2
      pool_state                  = "Stopped"
      reuse_on_scale_in           = true
    }
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
  }
  name = var.name
}
