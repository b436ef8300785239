# Least privilege: what each role may do, and nothing beside it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda = { allow_function_url = true, package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "gives_each_function_its_own_permissions" {
  command = apply

  assert {
    condition = { for s in jsondecode(module.webhook.policy).Statement : s.Sid => s.Action } == {
      DecryptParameters = ["kms:Decrypt"]
      ReadParameters    = ["ssm:GetParameters"]
      SendToQueue       = ["sqs:SendMessage"]
      WriteLog          = ["logs:CreateLogStream", "logs:PutLogEvents"]
    }
    error_message = "The webhook reads its secrets and sends to the queue."
  }

  assert {
    condition = { for s in jsondecode(module.schedule.policy).Statement : s.Sid => s.Action } == {
      SendToQueue = ["sqs:SendMessage"]
      WriteLog    = ["logs:CreateLogStream", "logs:PutLogEvents"]
    }
    error_message = "The schedule sends to the queue."
  }

  assert {
    condition = { for s in jsondecode(module.termination.policy).Statement : s.Sid => s.Action } == {
      ReadState = ["dynamodb:GetItem"]
      WriteLog  = ["logs:CreateLogStream", "logs:PutLogEvents"]
    }
    error_message = "The termination policy reads the state."
  }

  assert {
    condition = { for s in jsondecode(module.scaler.policy).Statement : s.Sid => s.Action } == {
      ChangeCapacity    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
      DecryptParameters = ["kms:Decrypt"]
      PublishMetrics    = ["cloudwatch:PutMetricData"]
      ReadParameters    = ["ssm:GetParameters"]
      ReadState         = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      SeeGroups         = ["autoscaling:DescribeAutoScalingGroups"]
      SendToQueue       = ["sqs:SendMessage"]
      TakeFromQueue     = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      WakeSchedule      = ["lambda:InvokeFunction"]
      WriteLog          = ["logs:CreateLogStream", "logs:PutLogEvents"]
      WriteState        = ["dynamodb:PutItem"]
    }
    error_message = "The scaler does what it is for."
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s.Sid => s.Action } == {
      CompleteLifecycleActions = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
      DecryptOwnParameters     = ["kms:Decrypt"]
      ReadOwnParameters        = ["ssm:GetParameter", "ssm:GetParameters"]
      WriteLog                 = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    }
    error_message = "An instance ends its own termination, writes its log and reads the runner's token."
  }

  # "*" only where AWS knows no resources for the action.
  assert {
    condition = toset(flatten([
      for policy in [
        module.webhook.policy, module.schedule.policy, module.scaler.policy, module.termination.policy,
        aws_iam_role_policy.runner.policy, aws_iam_role_policy.runner_job.policy, aws_iam_role_policy.scheduler.policy,
      ] : [for s in jsondecode(policy).Statement : s.Action if contains(s.Resource, "*")]
    ])) == toset(["autoscaling:DescribeAutoScalingGroups", "cloudwatch:PutMetricData", "sts:GetCallerIdentity"])
    error_message = "Every other statement names its resources."
  }

  assert {
    condition = alltrue(flatten([
      for policy in [
        module.webhook.policy, module.schedule.policy, module.scaler.policy, module.termination.policy,
        aws_iam_role_policy.runner.policy, aws_iam_role_policy.scheduler.policy,
        aws_iam_role.runner.assume_role_policy, aws_iam_role.scheduler.assume_role_policy,
      ] : [for s in jsondecode(policy).Statement : can(regex("^[A-Za-z0-9]+$", s.Sid)) && !strcontains(jsonencode(s.Action), "*")]
    ]))
    error_message = "Every statement has a Sid, and no action has a wildcard."
  }

  assert {
    condition = { for s in jsondecode(module.scaler.policy).Statement : s.Sid => s.Condition if can(s.Condition) } == {
      DecryptParameters = { StringEquals = {
        "kms:EncryptionContext:PARAMETER_ARN" = ["arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab/api"]
        "kms:ViaService"                      = "ssm.eu-west-1.amazonaws.com"
      } }
      PublishMetrics = { StringEquals = { "cloudwatch:namespace" = "GitLabRunnerFleet" } }
      ReadState      = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["scope", "state"] } }
      WriteState     = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["state"] } }
    }
    error_message = "Where AWS has a condition that narrows an action, it is there."
  }

  assert {
    condition = one([for s in jsondecode(module.scaler.policy).Statement : s.Resource if s.Sid == "ChangeCapacity"]) == [
      "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/gitlab-runner-runners"
    ]
    error_message = "The scaler changes its own group."
  }

  assert {
    condition     = one([for s in jsondecode(module.scaler.policy).Statement : s.Resource if s.Sid == "WakeSchedule"]) == [module.schedule.arn]
    error_message = "The scaler invokes the schedule function, and no other."
  }

  assert {
    condition     = one([for s in jsondecode(module.webhook.policy).Statement : s.Resource if s.Sid == "ReadParameters"]) == ["arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab/signing"]
    error_message = "The webhook reads its own secret, never the API token."
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s.Resource if s.Sid == "ReadOwnParameters"]) == ["arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab/runner"]
    error_message = "An instance reads the runner's token, never the API token."
  }

  assert {
    condition = jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement[0].Condition == {
      ArnEquals    = { "aws:SourceArn" = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/mocked" }
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "The scheduler's role is for this fleet's schedules only."
  }
}

run "lets_the_scaler_only_replace_instances_in_alarms_mode" {
  command = apply

  variables {
    scaling = { actuator = "alarms" }
  }

  assert {
    condition = {
      for s in jsondecode(module.scaler.policy).Statement : s.Sid => s.Action if anytrue([
        for action in s.Action : startswith(action, "autoscaling:")
      ])
      } == {
      ReplaceInstances = ["autoscaling:TerminateInstanceInAutoScalingGroup"]
      SeeGroups        = ["autoscaling:DescribeAutoScalingGroups"]
    }
    error_message = "A scaler that leaves the capacity to the alarms cannot set it."
  }

  assert {
    condition     = !contains([for s in jsondecode(module.scaler.policy).Statement : s.Sid], "WakeSchedule")
    error_message = "Where alarms remove instances, nobody has to be woken."
  }

  assert {
    condition = one([for s in jsondecode(module.scaler.policy).Statement : s.Resource if s.Sid == "ReplaceInstances"]) == [
      "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/gitlab-runner-runners"
    ]
    error_message = "It replaces instances of its own group."
  }
}

run "lets_only_the_auto_scaling_role_ask_for_terminations" {
  command = plan

  assert {
    condition = (
      aws_lambda_permission.termination.principal == "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" &&
      aws_lambda_permission.termination.action == "lambda:InvokeFunction" && aws_lambda_permission.termination.qualifier == "live"
    )
    error_message = "The alias is for Auto Scaling's own role."
  }
}
