locals {
  function_defaults = {
    credentials = { memory_size = 1024, timeout = 12 }
    scaler      = { memory_size = coalesce(var.lambda.memory_size, 256), timeout = 30 }
    schedule    = { memory_size = 256, timeout = 75 } # it waits for up to a minute in the scaler's place
    termination = { memory_size = 512, timeout = 2 }
    webhook     = { memory_size = 256, timeout = 10 }
  }
  functions = {
    for name, default in local.function_defaults : name => {
      memory_size = coalesce(try(var.lambda.functions[name].memory_size, null), default.memory_size)
      timeout     = coalesce(try(var.lambda.functions[name].timeout, null), default.timeout)
    }
  }

  # Python's logging knows more names for the levels than the functions do.
  log_level = lookup({ critical = "ERROR", warn = "WARNING" }, var.gitlab.log_level, upper(var.gitlab.log_level))
  vpc = length(var.lambda.subnet_ids) == 0 ? null : {
    security_group_ids = var.lambda.security_group_ids
    subnet_ids         = var.lambda.subnet_ids
  }
  webhook_parameters = compact([var.gitlab.webhook_secret_ssm_path, var.gitlab.webhook_signing_token_ssm_path])
}

module "webhook" {
  source = "./modules/lambda"

  architecture = var.lambda.architecture
  description  = "Verifies GitLab's webhooks and puts them on the queue."
  environment = {
    FLEET                           = var.name
    LOG_LEVEL                       = local.log_level
    QUEUE_URL                       = aws_sqs_queue.events.url
    WEBHOOK_CIDRS                   = join(",", var.gitlab.webhook_cidrs)
    WEBHOOK_SECRET_PARAMETER        = var.gitlab.webhook_secret_ssm_path
    WEBHOOK_SIGNING_TOKEN_PARAMETER = var.gitlab.webhook_signing_token_ssm_path
  }
  filename                 = local.filenames.webhook
  handler                  = "webhook.handler.receive"
  iam_permissions_boundary = var.asg.iam_permissions_boundary
  memory_size              = local.functions.webhook.memory_size
  name                     = "${var.name}-webhook"
  observability            = var.observability
  parameters               = local.webhook_parameters
  role_name                = "${local.role_prefix}-webhook"
  runtime                  = local.runtime
  source_code_hash         = local.source_code_hashes.webhook
  statements               = local.webhook_statements
  timeout                  = local.functions.webhook.timeout
}

module "schedule" {
  source = "./modules/lambda"

  architecture = var.lambda.architecture
  description  = "Puts the schedule's ticks and sweeps on the queue."
  environment = {
    FLEET     = var.name
    LOG_LEVEL = local.log_level
    QUEUE_URL = aws_sqs_queue.events.url
  }
  filename                 = local.filenames.webhook
  handler                  = "webhook.handler.tick"
  iam_permissions_boundary = var.asg.iam_permissions_boundary
  memory_size              = local.functions.schedule.memory_size
  name                     = "${var.name}-schedule"
  observability            = var.observability
  role_name                = "${local.role_prefix}-schedule"
  runtime                  = local.runtime
  source_code_hash         = local.source_code_hashes.webhook
  statements               = local.schedule_statements
  timeout                  = local.functions.schedule.timeout
}

module "scaler" {
  source = "./modules/lambda"

  architecture = var.lambda.architecture
  description  = "Observes GitLab and the group, plans, and sets the capacity."
  environment = {
    ACTIVITY_SINCE_HOURS              = var.gitlab.activity_since_hours
    ACTUATOR                          = var.scaling.actuator
    AUTOSCALING_GROUP                 = local.group_name
    DRAIN_SECONDS                     = var.asg.force_instance_deletion_time + local.terminating_seconds # and a last heartbeat
    FLEET                             = var.name
    GITLAB_CA_PARAMETER               = join("", aws_ssm_parameter.gitlab_ca[*].name)
    GITLAB_CONNECTION_MAX_AGE_SECONDS = ceil(var.gitlab.connection_max_age * 60)
    GITLAB_REQUESTS_PER_MINUTE        = var.gitlab.requests_per_minute
    GITLAB_TOKEN_PARAMETER            = var.gitlab.api_token_ssm_path
    GITLAB_URL                        = local.gitlab_url
    IDLE_BUFFER                       = var.scaling.idle_buffer
    IDLE_SECONDS                      = local.idle_seconds
    LOG_LEVEL                         = local.log_level
    LOOK_AHEAD                        = var.scaling.look_ahead
    MAX_JOBS_PER_INSTANCE             = var.asg.max_jobs_per_instance
    MAX_SCALE_OUT_STEP                = var.scaling.max_scale_out_step
    NARROW_TO_MEMBERSHIP              = var.gitlab.narrow_to_membership
    PROTECTED_ONLY                    = var.gitlab.protected_only
    QUEUE_URL                         = aws_sqs_queue.events.url
    RUNNER_ID                         = var.gitlab.runner_id
    RUNNER_TAGS                       = local.runner_tags
    RUN_UNTAGGED                      = local.run_untagged
    SCHEDULE_FUNCTION                 = module.schedule.name
    SLOTS_PER_INSTANCE                = var.gitlab.runner_agents_per_instance
    STATE_TABLE                       = aws_dynamodb_table.state.name
  }
  filename                 = local.filenames.scaler
  handler                  = "scaler.handler.handle"
  iam_permissions_boundary = var.asg.iam_permissions_boundary
  memory_size              = local.functions.scaler.memory_size
  name                     = "${var.name}-scaler"
  observability            = var.observability
  parameters               = concat([var.gitlab.api_token_ssm_path], aws_ssm_parameter.gitlab_ca[*].name)
  role_name                = "${local.role_prefix}-scaler"
  runtime                  = local.runtime
  source_code_hash         = local.source_code_hashes.scaler
  statements               = local.scaler_statements
  timeout                  = local.functions.scaler.timeout
  vpc                      = local.vpc
}

# What one invocation could not read under GitLab's limits, the next one reads: the scaler sends itself at most one
# message for each that it took. And it asks the schedule function for a tick at the time at which an idle instance is due,
# one after the other: scaler, schedule, queue, scaler. Lambda takes either for a runaway loop and drops the chain after
# 16, at any function in it that is not told otherwise.
resource "aws_lambda_function_recursion_config" "loop" {
  for_each = { scaler = module.scaler.name, schedule = module.schedule.name }

  function_name  = each.value
  recursive_loop = "Allow"
}

module "termination" {
  source = "./modules/lambda"

  architecture = var.lambda.architecture
  description  = "Tells the Auto Scaling group which instances may go."
  environment = {
    FLEET        = var.name
    IDLE_SECONDS = local.idle_seconds
    LOG_LEVEL    = local.log_level
    STATE_TABLE  = aws_dynamodb_table.state.name
  }
  filename                 = local.filenames.scaler
  handler                  = "scaler.termination.handler.handle"
  iam_permissions_boundary = var.asg.iam_permissions_boundary
  memory_size              = local.functions.termination.memory_size
  name                     = "${var.name}-termination"
  observability            = var.observability
  publish                  = true
  role_name                = "${local.role_prefix}-termination"
  runtime                  = local.runtime
  source_code_hash         = local.source_code_hashes.scaler
  statements               = local.termination_statements
  timeout                  = local.functions.termination.timeout
}

module "credentials" {
  source = "./modules/lambda"

  count = local.credentials_count

  architecture = var.lambda.architecture
  description  = "Gives CI jobs and runner hosts short-lived AWS credentials."
  environment = {
    AUDIENCE                          = local.credentials_audience
    AWS_STS_REGIONAL_ENDPOINTS        = "regional"
    CACHE_BUCKET                      = local.cache_bucket
    CACHE_KMS_KEY_ARN                 = var.cache.kms_key_arn
    CACHE_PREFIX                      = local.cache_prefix
    FLEET                             = var.name
    GITLAB_CONNECTION_MAX_AGE_SECONDS = ceil(var.gitlab.connection_max_age * 60)
    GITLAB_TOKEN_PARAMETER            = join("", local.credentials_parameters)
    GITLAB_URL                        = local.gitlab_url
    GRANTS_BUCKET                     = aws_s3_bucket.grants[0].id
    GRANTS_KEY                        = local.grants_key
    KMS_KEY_ID                        = join("", aws_kms_key.sessions[*].arn)
    LOG_LEVEL                         = local.log_level
    SHARED_CACHE                      = var.credentials.shared_cache
    TABLE                             = join("", aws_dynamodb_table.sessions[*].name)
  }
  filename                 = local.filenames.credentials
  handler                  = "credentials.start.handle"
  iam_permissions_boundary = var.asg.iam_permissions_boundary
  memory_size              = local.functions.credentials.memory_size
  name                     = "${var.name}-credentials"
  observability            = var.observability
  parameters               = local.credentials_parameters
  publish                  = true
  role_name                = local.credentials_role
  runtime                  = local.runtime
  source_code_hash         = local.source_code_hashes.credentials
  statements               = local.credentials_statements
  timeout                  = local.functions.credentials.timeout
  vpc                      = local.vpc
}

# A termination policy cannot be $LATEST.
resource "aws_lambda_alias" "termination" {
  function_name    = module.termination.name
  function_version = module.termination.version
  name             = "live"
}

resource "aws_lambda_permission" "termination" {
  action        = "lambda:InvokeFunction"
  function_name = module.termination.name
  principal     = "arn:${local.partition}:iam::${local.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
  qualifier     = aws_lambda_alias.termination.name
  statement_id  = "AllowAutoScaling"
}
