# Spot Instances of several types, so that a shortage of one type is none of the fleet's; one on-demand instance as the
# base, so that a shortage of all of them does not stop every job. Four jobs on each.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    capacity_rebalance          = true
    instance_types              = ["m6i.xlarge", "m6a.xlarge", "m5.xlarge", "m5a.xlarge", "c6i.xlarge", "r6i.xlarge"]
    max_size                    = 25
    on_demand_base              = 1
    on_demand_percentage        = 0
    root_block_device           = { volume_size = 100 }
    subnet_ids                  = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    runner_agents_per_instance     = 4
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
