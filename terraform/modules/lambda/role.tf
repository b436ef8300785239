data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id     = data.aws_caller_identity.current.account_id
  function_arn   = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"
  parameter_arns = [for name in var.parameters : "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter/${trimprefix(name, "/")}"]
  partition      = data.aws_partition.current.partition
  region         = data.aws_region.current.id

  # No logs:CreateLogGroup: a function that outlives its log group cannot bring it back, without retention or key.
  log_statements = [{
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Effect   = "Allow"
    Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    Sid      = "WriteLog"
  }]

  # The key may be the account's default or one of your own: whichever it is, it decrypts these parameters only.
  parameter_statements = [
    {
      Action   = ["ssm:GetParameters"]
      Effect   = "Allow"
      Resource = local.parameter_arns
      Sid      = "ReadParameters"
    },
    {
      Action = ["kms:Decrypt"]
      Condition = {
        StringEquals = {
          "kms:EncryptionContext:PARAMETER_ARN" = local.parameter_arns
          "kms:ViaService"                      = "ssm.${local.region}.${data.aws_partition.current.dns_suffix}"
        }
      }
      Effect   = "Allow"
      Resource = ["arn:${local.partition}:kms:${local.region}:${local.account_id}:key/*"]
      Sid      = "DecryptParameters"
    },
  ]

  tracing_statements = [{
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Effect   = "Allow"
    Resource = ["*"] # the actions know no resources
    Sid      = "Trace"
  }]

  network_actions = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
  ]
  # Lambda's service needs them to attach the function to the VPC; the function's own code does not.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  network_statements = [
    {
      Action   = local.network_actions
      Effect   = "Allow"
      Resource = ["*"]
      Sid      = "AttachToVpc"
    },
    {
      Action    = local.network_actions
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local.function_arn] } }
      Effect    = "Deny"
      Resource  = ["*"]
      Sid       = "DenyNetworkToCode"
    },
  ]

  statements = concat(
    local.log_statements,
    [for statement in local.parameter_statements : statement if length(var.parameters) > 0],
    [for statement in local.tracing_statements : statement if var.observability.tracing],
    [for statement in local.network_statements : statement if var.vpc != null],
    var.statements,
  )
}

resource "aws_iam_role" "this" {
  assume_role_policy = jsonencode({
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Sid       = "AllowLambda"
    }]
    Version = "2012-10-17"
  })
  name                 = var.role_name
  permissions_boundary = var.iam_permissions_boundary
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  policy = jsonencode({
    Statement = local.statements
    Version   = "2012-10-17"
  })
  role = aws_iam_role.this.id
}
