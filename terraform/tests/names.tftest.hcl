# Two fleets in one account and VPC do not collide.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda = { allow_function_url = true, package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "starts_every_name_with_the_fleets" {
  command = apply

  variables {
    credentials   = { enabled = true, grants = { deploy = { callers = "gitlab_job", match = { project_id = 20 }, role_arn = "arn:aws:iam::210987654321:role/deploy" } } }
    gitlab        = merge(var.gitlab, { ca_certificate = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n" })
    name          = "ci-linux"
    observability = { alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:alerts" }
    scaling       = { actuator = "alarms" }
  }

  assert {
    condition = alltrue([
      for name in concat(
        [
          aws_autoscaling_group.runner.name, aws_autoscaling_lifecycle_hook.terminating.name, aws_autoscaling_policy.scale_in[0].name,
          aws_autoscaling_policy.scale_out.name, aws_cloudformation_stack.webhook_url[0].name, aws_cloudformation_stack.credentials_url[0].name, aws_dynamodb_table.sessions[0].name,
          aws_s3_bucket.grants[0].bucket_prefix, module.credentials[0].role_name, trimprefix(aws_cloudwatch_log_group.runner.name, "/"),
          aws_cloudwatch_metric_alarm.scale_in[0].alarm_name, aws_cloudwatch_metric_alarm.scale_out.alarm_name, aws_dynamodb_table.state.name,
          aws_iam_instance_profile.runner.name, aws_iam_role.runner.name, aws_iam_role.scheduler.name, aws_launch_template.runner.name,
          aws_security_group.runner.name_prefix, aws_sqs_queue.events.name, aws_sqs_queue.events_dead.name,
          trimprefix(aws_ssm_parameter.gitlab_ca[0].name, "/"),
        ],
        [for alarm in aws_cloudwatch_metric_alarm.operational : alarm.alarm_name],
        [for policy in aws_iam_policy.credentials_roles : policy.name],
        [for schedule in aws_scheduler_schedule.fleet : schedule.name],
        values(output.function_names),
      ) : can(regex("^ci-linux[-/]", name))
    ])
    error_message = "A name without the fleet's would be another fleet's too."
  }

  assert {
    condition     = aws_scheduler_schedule_group.fleet.name == "ci-linux"
    error_message = "The schedules have a group of their own."
  }

  # IAM is global: the same fleet in another region has other roles.
  assert {
    condition     = alltrue([for name in [aws_iam_instance_profile.runner.name, aws_iam_role.runner.name, aws_iam_role.scheduler.name, local.role_prefix, values(aws_iam_policy.credentials_roles)[0].name] : startswith(name, "ci-linux-eu-west-1")])
    error_message = "Roles have the region in their names."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.scale_out.dimensions == tomap({ Fleet = "ci-linux" })
    error_message = "Metrics are told apart by the fleet's name."
  }
}

run "keeps_the_longest_name_within_the_limits" {
  command = plan

  variables {
    credentials = { enabled = true }
    name        = "abcdefghijklmnopqrstuvwxyzabcdef"
  }

  # 64 characters for a role or a function, in the region with the longest name.
  assert {
    condition     = length("${var.name}-ap-southeast-1-termination") <= 64 && length("${var.name}-ap-southeast-1-credentials") <= 64 && length(aws_sqs_queue.events_dead.name) <= 80 && length(aws_s3_bucket.grants[0].bucket_prefix) <= 37
    error_message = "Names fit."
  }
}
