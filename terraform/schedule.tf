locals {
  schedules = merge(
    { tick = "rate(1 minute)" },
    { for kind, rate in { sweep = var.lambda.rate } : kind => rate if rate != "off" },
  )
}

resource "aws_scheduler_schedule_group" "fleet" {
  name = var.name
}

resource "aws_scheduler_schedule" "fleet" {
  for_each = local.schedules

  # checkov:skip=CKV_AWS_297: its input is a kind and a time; encrypted with EventBridge's own key
  description         = each.key == "tick" ? "Looks after instances and waiting jobs, if there are any." : "Reads every project."
  group_name          = aws_scheduler_schedule_group.fleet.name
  name                = "${var.name}-${each.key}"
  schedule_expression = each.value

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn = module.schedule.arn
    # Written out because jsonencode would escape the angle brackets, and the scheduler would not find its placeholder.
    input    = "{\"kind\":\"${each.key}\",\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"
    role_arn = aws_iam_role.scheduler.arn

    # The next tick is a minute away: a late one is worth nothing.
    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 1
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

# The schedule's invocations, and those by which the scaler asks for a tick between two others. What has waited for long,
# because functions were throttled, is worth nothing: it must not come all at once.
resource "aws_lambda_function_event_invoke_config" "schedule" {
  function_name                = module.schedule.name
  maximum_event_age_in_seconds = 180
  maximum_retry_attempts       = 1
}

resource "aws_iam_role" "scheduler" {
  assume_role_policy = jsonencode({
    Statement = [{
      Action = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_scheduler_schedule_group.fleet.arn }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Sid       = "AllowThisFleetsSchedules"
    }]
    Version = "2012-10-17"
  })
  name                 = "${local.role_prefix}-scheduler"
  permissions_boundary = var.asg.iam_permissions_boundary
}

resource "aws_iam_role_policy" "scheduler" {
  name = "invoke"
  policy = jsonencode({
    Statement = [{
      Action   = ["lambda:InvokeFunction"]
      Effect   = "Allow"
      Resource = [module.schedule.arn]
      Sid      = "InvokeSchedule"
    }]
    Version = "2012-10-17"
  })
  role = aws_iam_role.scheduler.id
}
