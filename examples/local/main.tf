# What `make up` and `make demo` apply to the local AWS. It stores the secrets that it is given, so that everything is
# in one place: elsewhere, put them into Parameter Store by hand and hand over the names only.

data "aws_region" "current" {}

resource "aws_vpc" "fleet" {
  # checkov:skip=CKV2_AWS_11: for the local AWS, where no packet flows
  # checkov:skip=CKV2_AWS_12: for the local AWS, where no packet flows
  cidr_block = "10.82.0.0/16"
  tags       = { Name = var.name }
}

resource "aws_subnet" "fleet" {
  for_each = { a = 0, b = 1 }

  availability_zone = "${data.aws_region.current.id}${each.key}"
  cidr_block        = cidrsubnet(aws_vpc.fleet.cidr_block, 8, each.value)
  tags              = { Name = "${var.name}-${each.key}" }
  vpc_id            = aws_vpc.fleet.id
}

resource "aws_ssm_parameter" "secret" {
  for_each = {
    api-token             = var.gitlab_token
    runner-token          = "glrt-local-stack"
    webhook-secret        = var.webhook_secret
    webhook-signing-token = var.webhook_signing_token
  }

  # checkov:skip=CKV_AWS_337: for the local AWS, and made-up secrets
  name  = "/${var.name}/gitlab-${each.key}"
  type  = "SecureString"
  value = each.value
}

module "fleet" {
  source = "../../terraform"

  asg = {
    instance_type = "t3.medium"
    max_size      = var.max_size
    subnet_ids    = [for subnet in aws_subnet.fleet : subnet.id]
  }
  cache = {
    bucket = join("", aws_s3_bucket.cache[*].id)
  }
  credentials = {
    enabled = var.credentials_enabled
    grants = {
      for name, grant in {
        cache  = { callers = "runner", kind = "s3_cache", role_arn = join("", aws_iam_role.cache[*].arn) }
        deploy = { callers = "gitlab_job", match = { project_id = local.sample_claims.project_id }, role_arn = join("", aws_iam_role.deploy[*].arn) }
      } : name => grant if var.credentials_enabled
    }
  }
  gitlab = {
    api_token_ssm_path             = aws_ssm_parameter.secret["api-token"].name
    ca_certificate                 = var.ca_certificate
    groups                         = var.gitlab_groups
    log_level                      = var.log_level
    projects                       = var.gitlab_projects
    requests_per_minute            = var.requests_per_minute
    run_untagged                   = var.run_untagged
    runner_agents_per_instance     = var.slots
    runner_id                      = var.runner_id
    runner_idletime                = var.runner_idletime
    runner_job_tags                = join(",", var.runner_tags)
    runner_token_ssm_path          = aws_ssm_parameter.secret["runner-token"].name
    uri                            = var.gitlab_url
    webhook_secret_ssm_path        = aws_ssm_parameter.secret["webhook-secret"].name
    webhook_signing_token_ssm_path = aws_ssm_parameter.secret["webhook-signing-token"].name
  }
  lambda = {
    allow_function_url = true
    architecture       = var.lambda_architecture
    runtime            = var.lambda_runtime
  }
  name = var.name
  # With everything to look at; nothing of it costs here.
  observability = {
    alarms    = true
    dashboard = true
  }
  scaling = {
    actuator = var.actuator
  }
}
