# Jobs in a shell on the instance, with a cache whose credentials the vendor gives and tools of one's own.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address  = true
    executor                     = "shell"
    force_instance_deletion_time = 14400
    instance_type                = "m6i.large"
    max_size                     = 10
    subnet_ids                   = module.network.subnet_ids
  }
  cache = {
    enabled         = true
    expiration_days = 14
    force_destroy   = true
  }
  credentials = {
    enabled = true
  }
  gitlab = {
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
    runner_job_tags                = "shell,linux"
    runner_token_ssm_path          = "/${var.name}/gitlab-runner-token"
    uri                            = var.gitlab_url
    webhook_signing_token_ssm_path = "/${var.name}/gitlab-webhook-signing-token"
  }
  lambda = {
    allow_function_url = true
  }
  name = var.name
  runner_host = {
    post_install = <<-EOT
      #!/bin/bash
      set -euo pipefail
      dnf -y -q install jq make
    EOT
    runners = {
      output_limit = 16384
    }
  }
}
