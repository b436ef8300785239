# Nothing is public: GitLab is asked every minute from 6:00 to 20:59 UTC on working days.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    instance_type               = "t3.medium"
    max_size                    = 10
    subnet_ids                  = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path    = "/${var.name}/gitlab-api-token"
    runner_job_tags       = "docker,linux"
    runner_token_ssm_path = "/${var.name}/gitlab-runner-token"
    uri                   = var.gitlab_url
  }
  lambda = {
    rate = "cron(* 6-20 ? * MON-FRI *)"
  }
  name = var.name
}
