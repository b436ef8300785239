locals {
  no_job_policy = jsonencode({
    Statement = [{ Action = ["sts:GetCallerIdentity"], Effect = "Allow", Resource = ["*"], Sid = "NothingOfItsOwn" }]
    Version   = "2012-10-17"
  })
  # The instance's own parameters, by name.
  runner_parameter_arns = [
    for path in concat(
      [local.runner_token_path],
      [for path in [var.cache.access_key_ssm_path, var.cache.secret_key_ssm_path] : path if local.cache_auth == "user"],
    ) : "${local.parameter_arn_base}/${trimprefix(path, "/")}"
  ]
  runner_log_group  = "/${var.name}/runner"
  runner_token_path = coalesce(var.gitlab.runner_token_ssm_path, var.gitlab.runner_registration_token_ssm_path)
}

resource "aws_cloudwatch_log_group" "runner" {
  # checkov:skip=CKV_AWS_338: observability.log_retention_days decides; a job's own log is GitLab's
  kms_key_id        = var.observability.kms_key_arn
  name              = local.runner_log_group
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
    Statement = concat([
      {
        Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
        Effect   = "Allow"
        Resource = [local.group_arn]
        Sid      = "CompleteLifecycleActions"
      },
      {
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Effect   = "Allow"
        Resource = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.runner_log_group}:*"]
        Sid      = "WriteLog"
      },
      {
        Action   = ["ssm:GetParameter", "ssm:GetParameters"]
        Effect   = "Allow"
        Resource = concat(local.runner_parameter_arns, [for name in aws_ssm_parameter.gitlab_ca[*].name : "${local.parameter_arn_base}${name}"])
        Sid      = "ReadOwnParameters"
      },
      {
        Action = ["kms:Decrypt"]
        Condition = {
          StringEquals = {
            "kms:EncryptionContext:PARAMETER_ARN" = local.runner_parameter_arns
            "kms:ViaService"                      = "ssm.${local.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
        Effect   = "Allow"
        Resource = ["arn:${local.partition}:kms:${local.region}:${local.account_id}:key/*"]
        Sid      = "DecryptOwnParameters"
      },
      ],
      # After its last job, or when its Spot capacity is at risk. Of the group only: IAM cannot say "itself".
      [for statement in [{
        Action   = ["autoscaling:TerminateInstanceInAutoScalingGroup"]
        Effect   = "Allow"
        Resource = [local.group_arn]
        Sid      = "LeaveGroup"
      }] : statement if var.asg.max_jobs_per_instance > 0 || local.uses_spot],
      [for statement in [{
        Action   = ["lambda:InvokeFunction"]
        Effect   = "Allow"
        Resource = ["arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.credentials_target}"]
        Sid      = "AskForCacheCredentials"
      }] : statement if local.cache_auth == "vended"],
      [for statement in local.use_cache : statement if local.cache_auth == "instance_role"],
    )
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
