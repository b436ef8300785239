# The scaler only observes and publishes: CloudWatch alarms with step policies change the capacity, and people who
# look after it are told what goes wrong.

module "network" {
  source = "../network"

  name = var.name
}

resource "aws_sns_topic" "alerts" {
  # checkov:skip=CKV_AWS_26: an alarm says nothing secret; a key of one's own must let CloudWatch use it
  name = "${var.name}-alerts"
}

module "fleet" {
  source = "../../terraform"

  asg = {
    associate_public_ip_address = true
    instance_type               = "t3.medium"
    max_size                    = 40
    subnet_ids                  = module.network.subnet_ids
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
  observability = {
    alarm_topic_arn = aws_sns_topic.alerts.arn
    alarms          = true
  }
  scaling = {
    actuator           = "alarms"
    max_scale_out_step = 10
  }
}
