# The predecessor's defaults, and ours where docs/migration.md says that they differ.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_registration_token_ssm_path = "/gitlab/reg", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "keeps_the_predecessors_defaults" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.runner.min_size == 0 && aws_autoscaling_group.runner.desired_capacity == 0
    error_message = "asg.min_size and asg.desired_capacity are 0."
  }

  assert {
    condition     = aws_autoscaling_group.runner.default_instance_warmup == 240
    error_message = "asg.scaling_warmup is 240 seconds, the group's default instance warm-up."
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating.heartbeat_timeout == 600
    error_message = "asg.force_instance_deletion_time is 600 seconds."
  }

  assert {
    condition     = var.asg.executor == "docker" && var.asg.log_level == "info" && var.gitlab.log_level == "info"
    error_message = "The executor is docker and both log levels are info."
  }

  assert {
    condition     = aws_launch_template.runner.network_interfaces[0].associate_public_ip_address == "false"
    error_message = "Instances have no public address."
  }

  assert {
    condition     = length(aws_launch_template.runner.instance_market_options) == 0 && aws_launch_template.runner.instance_type == "t3.medium"
    error_message = "Without asg.spot_price instances are on demand."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.ssh) == 0 && aws_launch_template.runner.key_name == null
    error_message = "Nobody connects with SSH."
  }

  assert {
    condition     = var.gitlab.activity_since_hours == 4 && var.gitlab.narrow_to_membership == "true" && var.gitlab.runner_agents_per_instance == 1
    error_message = "gitlab.activity_since_hours is 4, gitlab.narrow_to_membership \"true\", gitlab.runner_agents_per_instance 1."
  }

  assert {
    condition     = local.idle_seconds == 1800
    error_message = "gitlab.runner_idletime is 30 minutes."
  }

  assert {
    condition     = local.gitlab_url == "https://gitlab.com"
    error_message = "A slash at the end of gitlab.uri is not doubled in requests."
  }

  assert {
    condition     = aws_scheduler_schedule.fleet["sweep"].schedule_expression == "rate(1 minute)"
    error_message = "lambda.rate is rate(1 minute)."
  }

  assert {
    condition     = length(aws_lambda_function_url.webhook) == 0 && output.lambda_function_url == null
    error_message = "There is no function URL."
  }

  assert {
    condition     = aws_iam_role_policy.runner_job.policy == local.no_job_policy && length(aws_iam_role_policy_attachment.managed_policy_arns) == 0
    error_message = "Jobs have no permissions of their own."
  }
}

run "runs_on_a_supported_python_with_enough_memory" {
  command = plan

  assert {
    condition     = local.runtime == "python3.13"
    error_message = "The runtime is python3.13."
  }

  assert {
    condition     = local.functions.scaler == { memory_size = 256, timeout = 30 }
    error_message = "The scaler has 256 MB and 30 seconds."
  }

  assert {
    condition     = local.functions.schedule.timeout == 75 && aws_lambda_function_event_invoke_config.schedule.maximum_event_age_in_seconds == 180 && aws_lambda_function_event_invoke_config.schedule.maximum_retry_attempts == 1
    error_message = "The schedule function may wait for a minute, and what comes too late is dropped."
  }

  assert {
    condition     = module.scaler.environment.SCHEDULE_FUNCTION == "gitlab-runner-schedule"
    error_message = "The scaler knows whom to ask for a tick."
  }

  assert {
    condition     = aws_sqs_queue.events.visibility_timeout_seconds == 180
    error_message = "A message stays hidden for six times the scaler's timeout."
  }

  assert {
    condition     = startswith(aws_launch_template.runner.image_id, "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
    error_message = "Instances run the newest Amazon Linux 2023."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.operational) == 0
    error_message = "Without a topic there are no operational alarms."
  }

  assert {
    condition     = aws_cloudwatch_log_group.runner.retention_in_days == 30
    error_message = "Logs are kept for 30 days."
  }
}

run "warns_about_an_older_runtime_and_raises_it" {
  command = plan

  variables {
    lambda = merge(var.lambda, { runtime = "python3.8" })
  }

  assert {
    condition     = local.runtime == "python3.13"
    error_message = "python3.8 becomes python3.13."
  }

  expect_failures = [check.lambda_runtime]
}

run "keeps_a_newer_runtime" {
  command = plan

  variables {
    lambda = merge(var.lambda, { runtime = "python3.13" })
  }

  assert {
    condition     = local.runtime == "python3.13"
    error_message = "A supported runtime is used as it is."
  }
}

run "honours_a_small_memory_size_for_the_scaler_and_warns" {
  command = plan

  variables {
    lambda = merge(var.lambda, { memory_size = 128 })
  }

  assert {
    condition     = local.functions.scaler.memory_size == 128 && local.functions.webhook.memory_size == 256 && local.functions.termination.memory_size == 512
    error_message = "lambda.memory_size is the scaler's alone."
  }

  expect_failures = [check.scaler_memory]
}

run "prefers_a_functions_own_settings" {
  command = plan

  variables {
    lambda = merge(var.lambda, { memory_size = 128, functions = { scaler = { memory_size = 1024, timeout = 60 }, webhook = { timeout = 5 } } })
  }

  assert {
    condition     = local.functions.scaler == { memory_size = 1024, timeout = 60 } && local.functions.webhook == { memory_size = 256, timeout = 5 }
    error_message = "lambda.functions wins over lambda.memory_size, and what it leaves out keeps its default."
  }

  assert {
    condition     = aws_sqs_queue.events.visibility_timeout_seconds == 360
    error_message = "The queue follows the scaler's timeout."
  }
}

run "starts_with_min_size_when_no_capacity_is_asked_for" {
  command = plan

  variables {
    asg = merge(var.asg, { min_size = 2 })
  }

  assert {
    condition     = aws_autoscaling_group.runner.desired_capacity == 2
    error_message = "desired_capacity is never below min_size."
  }
}
