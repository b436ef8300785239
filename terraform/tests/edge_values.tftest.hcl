# Values at the edge of what is allowed.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_registration_token_ssm_path = "/gitlab/reg", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "accepts_decimal_idle_minutes" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_idletime = "0.25", connection_max_age = 0.5 })
  }

  assert {
    condition     = local.idle_seconds == 15
    error_message = "A quarter of a minute is 15 seconds."
  }

  assert {
    condition     = module.scaler.environment.IDLE_SECONDS == "15" && module.termination.environment.IDLE_SECONDS == "15"
    error_message = "Who removes instances and who chooses them go by the same time."
  }
}

run "accepts_an_idle_time_of_zero" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { runner_idletime = "0" })
  }

  assert {
    condition     = local.idle_seconds == 0
    error_message = "No idle time at all is a choice."
  }
}

run "accepts_loopback_over_http" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { uri = "http://127.0.0.1:8080/gitlab/" })
  }

  assert {
    condition     = local.gitlab_url == "http://127.0.0.1:8080/gitlab"
    error_message = "A local GitLab needs no certificate."
  }
}

run "accepts_ipv6_loopback_over_http" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { uri = "http://[::1]:8080" })
  }

  assert {
    condition     = local.gitlab_url == "http://[::1]:8080"
    error_message = "The other loopback neither."
  }
}

run "accepts_a_cron_of_many_parts" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(0/15 8-18,20 ? JAN-MAR,12 MON-FRI 2026/2)" })
  }

  assert {
    condition     = aws_scheduler_schedule.fleet["sweep"].schedule_expression == var.lambda.rate
    error_message = "AWS takes it."
  }
}

run "accepts_the_last_weekday_of_the_month" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(0 21 LW * ? *)" })
  }

  assert {
    condition     = aws_scheduler_schedule.fleet["sweep"].schedule_expression == var.lambda.rate
    error_message = "AWS takes it."
  }
}

run "accepts_the_second_monday" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "cron(5 0 ? * 2#2 *)" })
  }

  assert {
    condition     = aws_scheduler_schedule.fleet["sweep"].schedule_expression == var.lambda.rate
    error_message = "AWS takes it."
  }
}

run "accepts_a_paused_fleet" {
  command = plan

  variables {
    asg = merge(var.asg, { max_size = 0 })
  }

  assert {
    condition     = aws_autoscaling_group.runner.max_size == 0
    error_message = "max_size = 0 pauses a fleet."
  }
}

run "accepts_ssh_over_ipv6" {
  command = plan

  variables {
    asg = merge(var.asg, { ssh_access = { key_name = "ops", source_cidr = "2001:db8::/32" } })
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.ssh[0].cidr_ipv6 == "2001:db8::/32" && aws_vpc_security_group_ingress_rule.ssh[0].from_port == 22
    error_message = "An IPv6 range is one."
  }
}

run "accepts_a_job_policy_as_an_object" {
  command = plan

  variables {
    asg = merge(var.asg, { job_policy = { Version = "2012-10-17", Statement = [{ Action = "s3:ListBucket", Effect = "Allow", Resource = "*", Sid = "List" }] } })
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.runner_job.policy).Statement[0].Action == "s3:ListBucket"
    error_message = "An object is encoded."
  }
}

run "accepts_full_paths_and_numbers" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { groups = ["platform/ci"], projects = [42, "platform/ci/images"] })
  }

  assert {
    condition     = jsondecode(aws_dynamodb_table_item.scope.item) == { groups = { L = [{ S = "platform/ci" }] }, id = { S = "scope" }, projects = { L = [{ S = "42" }, { S = "platform/ci/images" }] } }
    error_message = "The scope item has both lists, as strings."
  }
}

run "accepts_no_scope_at_all" {
  command = plan

  variables {
    gitlab = var.gitlab
  }

  assert {
    condition     = jsondecode(aws_dynamodb_table_item.scope.item) == { groups = { L = [] }, id = { S = "scope" }, projects = { L = [] } }
    error_message = "No scope is membership: two empty lists."
  }
}

run "accepts_critical_as_a_log_level" {
  command = plan

  variables {
    gitlab = merge(var.gitlab, { log_level = "critical" })
  }

  assert {
    condition     = local.log_level == "ERROR"
    error_message = "The functions know no level above ERROR."
  }
}
