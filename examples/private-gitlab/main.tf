# A GitLab that only the VPC reaches, with a certificate from the company's own authority. The scaler runs in the VPC;
# what it and the instances need from AWS goes through the NAT gateway.

module "network" {
  source = "../network"

  name    = var.name
  private = true
}

resource "aws_security_group" "scaler" {
  description = "The scaler of the fleet ${var.name}"
  name        = "${var.name}-scaler"
  tags        = { Name = "${var.name}-scaler" }
  vpc_id      = module.network.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "scaler_https" {
  cidr_ipv4         = "0.0.0.0/0"
  description       = "GitLab and AWS"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.scaler.id
  to_port           = 443
}

module "fleet" {
  source = "../../terraform"

  asg = {
    instance_type = "t3.medium"
    max_size      = 10
    subnet_ids    = module.network.subnet_ids
  }
  gitlab = {
    api_token_ssm_path    = "/${var.name}/gitlab-api-token"
    ca_certificate        = file("${path.module}/${var.ca_certificate_file}")
    groups                = ["platform"]
    runner_job_tags       = "docker,linux"
    runner_token_ssm_path = "/${var.name}/gitlab-runner-token"
    uri                   = var.gitlab_url
  }
  lambda = {
    security_group_ids = [aws_security_group.scaler.id]
    subnet_ids         = module.network.subnet_ids
  }
  name = var.name
}
