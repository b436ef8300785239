# What each function may do, beside writing its own log and reading its own parameters (modules/lambda).

locals {
  send_to_queue = {
    Action   = ["sqs:SendMessage"]
    Effect   = "Allow"
    Resource = [local.queue_arn]
    Sid      = "SendToQueue"
  }

  # With alarms as the actuator the scaler only replaces instances whose runner has died. IAM cannot say that it has to
  # keep the desired capacity.
  change_group = {
    Action   = concat(local.is_alarms ? [] : ["autoscaling:SetDesiredCapacity"], ["autoscaling:TerminateInstanceInAutoScalingGroup"])
    Effect   = "Allow"
    Resource = [local.group_arn]
    Sid      = local.is_alarms ? "ReplaceInstances" : "ChangeCapacity"
  }

  # Idle instances leave at their time: the schedule function waits for it.
  wake_schedule = {
    Action   = ["lambda:InvokeFunction"]
    Effect   = "Allow"
    Resource = [module.schedule.arn]
    Sid      = "WakeSchedule"
  }

  schedule_statements = [local.send_to_queue]
  webhook_statements  = [local.send_to_queue]

  scaler_statements = concat([
    local.change_group,
    local.send_to_queue,
    {
      Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Effect   = "Allow"
      Resource = [local.queue_arn]
      Sid      = "TakeFromQueue"
    },
    {
      Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["scope", "state"] } }
      Effect    = "Allow"
      Resource  = [aws_dynamodb_table.state.arn]
      Sid       = "ReadState"
    },
    {
      Action    = ["dynamodb:PutItem"]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["state"] } }
      Effect    = "Allow"
      Resource  = [aws_dynamodb_table.state.arn]
      Sid       = "WriteState"
    },
    {
      Action   = ["autoscaling:DescribeAutoScalingGroups"]
      Effect   = "Allow"
      Resource = ["*"] # the action knows no resources
      Sid      = "SeeGroups"
    },
    {
      Action    = ["cloudwatch:PutMetricData"]
      Condition = { StringEquals = { "cloudwatch:namespace" = local.metric_namespace } }
      Effect    = "Allow"
      Resource  = ["*"] # the action knows no resources
      Sid       = "PublishMetrics"
    },
  ], [for statement in [local.wake_schedule] : statement if !local.is_alarms])

  termination_statements = [
    {
      Action    = ["dynamodb:GetItem"]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["state"] } }
      Effect    = "Allow"
      Resource  = [aws_dynamodb_table.state.arn]
      Sid       = "ReadState"
    },
  ]

  # The roles of the grants are in policies of their own (credentials.tf).
  credentials_statements = concat(
    [
      {
        Action   = ["s3:GetObject"]
        Effect   = "Allow"
        Resource = [for bucket in aws_s3_bucket.grants : "${bucket.arn}/${local.grants_key}"]
        Sid      = "ReadGrants"
      },
    ],
    [
      for table in aws_dynamodb_table.sessions : {
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Effect   = "Allow"
        Resource = [table.arn]
        Sid      = "ShareSessions"
      }
    ],
    [for key in aws_kms_key.sessions : merge(local.session_encryption, { Resource = [key.arn] })],
  )
}
