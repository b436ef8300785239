# Graviton Spot Instances of several types, one on-demand instance as the base, four jobs on each.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    architecture                = "arm64"
    associate_public_ip_address = true
    capacity_rebalance          = true
    instance_types              = ["m7g.xlarge", "m6g.xlarge", "c7g.xlarge", "r7g.xlarge"]
    max_size                    = 25
    on_demand_base              = 1
    on_demand_percentage        = 0
    root_block_device           = { volume_size = 100 }
    subnet_ids                  = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    runner_agents_per_instance     = 4
    runner_job_tags                = "arm64,docker,linux"
    runner_token_ssm_path          = "/${var.name}/gitlab-runner-token"
    uri                            = var.gitlab_url
    webhook_signing_token_ssm_path = "/${var.name}/gitlab-webhook-signing-token"
  }
  lambda = {
    allow_function_url = true
  }
  name = var.name
}
