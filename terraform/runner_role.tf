locals {
  no_job_policy = jsonencode({
    Statement = [{ Action = ["sts:GetCallerIdentity"], Effect = "Allow", Resource = ["*"], Sid = "NothingOfItsOwn" }]
    Version   = "2012-10-17"
  })
  runner_token_arn  = "${local.parameter_arn_base}/${trimprefix(local.runner_token_path, "/")}"
  runner_token_path = coalesce(var.gitlab.runner_token_ssm_path, var.gitlab.runner_registration_token_ssm_path)
}

resource "aws_cloudwatch_log_group" "runner" {
  kms_key_id        = var.observability.kms_key_arn
  name              = "/${var.name}/runner"
  retention_in_days = var.observability.log_retention_days
}

resource "aws_iam_role" "runner" {
  assume_role_policy = jsonencode({
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "ec2.${data.aws_partition.current.dns_suffix}" }
      Sid       = "AllowInstances"
    }]
    Version = "2012-10-17"
  })
  name                 = "${local.role_prefix}-runner"
  permissions_boundary = var.asg.iam_permissions_boundary
}

resource "aws_iam_instance_profile" "runner" {
  name = aws_iam_role.runner.name
  role = aws_iam_role.runner.name
}

# Everything that runs on an instance shares its role. AmazonSSMManagedInstanceCore is not attached, because it lets
# its holder read every parameter of the account.
resource "aws_iam_role_policy" "runner" {
  name = "runner"
  policy = jsonencode({
    Statement = [
      {
        Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
        Effect   = "Allow"
        Resource = [local.group_arn]
        Sid      = "CompleteTermination"
      },
      {
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Effect   = "Allow"
        Resource = ["${aws_cloudwatch_log_group.runner.arn}:*"]
        Sid      = "WriteLog"
      },
      {
        Action   = ["ssm:GetParameter", "ssm:GetParameters"]
        Effect   = "Allow"
        Resource = [local.runner_token_arn]
        Sid      = "ReadRunnerToken"
      },
      {
        Action = ["kms:Decrypt"]
        Condition = {
          StringEquals = {
            "kms:EncryptionContext:PARAMETER_ARN" = local.runner_token_arn
            "kms:ViaService"                      = "ssm.${local.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
        Effect   = "Allow"
        Resource = ["arn:${local.partition}:kms:${local.region}:${local.account_id}:key/*"]
        Sid      = "DecryptRunnerToken"
      },
    ]
    Version = "2012-10-17"
  })
  role = aws_iam_role.runner.id
}

# Always there, since a policy that names resources of the same apply is not known while planning, not even whether it
# is empty. Without one it permits what needs no permission.
resource "aws_iam_role_policy" "runner_job" {
  name   = "job"
  policy = var.asg.job_policy == "" ? local.no_job_policy : local.job_policy
  role   = aws_iam_role.runner.id
}

# Counted, since the ARNs of policies that are made in the same apply are not known yet.
resource "aws_iam_role_policy_attachment" "managed_policy_arns" {
  count = length(var.asg.managed_policy_arns)

  policy_arn = var.asg.managed_policy_arns[count.index]
  role       = aws_iam_role.runner.name
}
