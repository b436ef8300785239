# Instances of an image of one's own (image.pkr.hcl), which has everything in it: they boot in seconds.

module "network" {
  source = "../network"

  name = var.name
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    # Packer's newest image at each launch, without an apply. Its root device cannot be looked up.
    image_id          = "resolve:ssm:/${var.name}/image"
    instance_type     = "m6i.large"
    max_size          = 10
    root_block_device = { device_name = "/dev/xvda", volume_size = 50 }
    subnet_ids        = module.network.subnet_ids
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
