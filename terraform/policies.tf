# What each function may do, beside writing its own log and reading its own parameters (modules/lambda).

locals {
  send_to_queue = {
    Action   = ["sqs:SendMessage"]
    Effect   = "Allow"
    Resource = [local.queue_arn]
    Sid      = "SendToQueue"
  }

  change_capacity = {
    Action   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    Effect   = "Allow"
    Resource = [local.group_arn]
    Sid      = "ChangeCapacity"
  }

  schedule_statements = [local.send_to_queue]
  webhook_statements  = [local.send_to_queue]

  scaler_statements = concat(
    [
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
    ],
    # With alarms as the actuator the scaler only looks.
    [for statement in [local.change_capacity] : statement if var.scaling.actuator == "lambda"],
  )

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
