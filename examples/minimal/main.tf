# The least that has to be said: where instances run, how many there may be, and how GitLab is reached. Nothing is public;
# GitLab is asked each minute, or when var.rate says.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    instance_type               = "t3.medium"
    max_size                    = 5
    subnet_ids                  = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path    = "/${var.name}/gitlab-api-token"
    runner_token_ssm_path = "/${var.name}/gitlab-runner-token"
    uri                   = var.gitlab_url
  }
  lambda = {
    rate = var.rate
  }
  name = var.name
}
