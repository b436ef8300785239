# Everything there is to look at: a dashboard, alarms that tell a topic, traces, and logs that are kept for a quarter.

module "network" {
  source = "../network"

  name = var.name
}

resource "aws_sns_topic" "alarms" {
  # checkov:skip=CKV_AWS_26: an alarm says nothing secret; a key of one's own must let CloudWatch use it
  name = "${var.name}-alarms"
}

# Of this account's alarms only, and of nobody else.
resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Statement = [{
      Action    = "sns:Publish"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Resource  = aws_sns_topic.alarms.arn
      Sid       = "AllowAlarms"
    }]
    Version = "2012-10-17"
  })
}

data "aws_caller_identity" "current" {}

# AWS sends a mail that has to be confirmed.
resource "aws_sns_topic_subscription" "mail" {
  count = var.email == "" ? 0 : 1

  endpoint  = var.email
  protocol  = "email"
  topic_arn = aws_sns_topic.alarms.arn
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
    api_token_ssm_path             = "/${var.name}/gitlab-api-token"
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
  observability = {
    alarm_topic_arn    = aws_sns_topic.alarms.arn
    alarms             = true # the topic is made in the same apply: its ARN is not known while planning
    dashboard          = true
    job_wait_seconds   = 180
    log_retention_days = 90
    tracing            = true
  }
}
