# What an instance may do, and what holds it until it may go in or out.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/" }
  lambda = { package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "holds_an_instance_until_its_runner_talks_to_gitlab" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_lifecycle_hook.launching.lifecycle_transition == "autoscaling:EC2_INSTANCE_LAUNCHING" &&
      aws_autoscaling_lifecycle_hook.launching.heartbeat_timeout == 900 && aws_autoscaling_lifecycle_hook.launching.default_result == "ABANDON"
    )
    error_message = "An instance that says nothing for fifteen minutes is replaced, not counted."
  }

  assert {
    condition = { for hook in aws_autoscaling_group.runner.initial_lifecycle_hook : hook.name => hook.heartbeat_timeout } == {
      gitlab-runner-launching   = 900
      gitlab-runner-terminating = 600
    }
    error_message = "Both hooks are there before the first instance is."
  }

  assert {
    condition     = local.host_environment.BEAT_SECONDS == 300
    error_message = "An instance that waits for GitLab says so three times as often as it has to."
  }
}

run "replaces_idle_instances_when_the_launch_template_changes" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_group.runner.instance_refresh[0].strategy == "Rolling" &&
      aws_autoscaling_group.runner.instance_refresh[0].preferences[0].min_healthy_percentage == 100 &&
      aws_autoscaling_group.runner.instance_refresh[0].preferences[0].max_healthy_percentage == 200
    )
    error_message = "New instances come before old ones go."
  }
}

run "drains_for_two_days_by_heartbeats" {
  command = plan

  variables {
    asg = merge(var.asg, { force_instance_deletion_time = 172800 })
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating.heartbeat_timeout == 1920 && 100 * 1920 >= 172800 && local.host_fleet.force_instance_deletion_seconds == 172800
    error_message = "A hundred heartbeats are what a hook allows in all."
  }
}

run "has_a_short_heartbeat_for_a_short_drain" {
  command = plan

  variables {
    asg = merge(var.asg, { force_instance_deletion_time = 30 })
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating.heartbeat_timeout == 30
    error_message = "The hook does not wait longer than the drain."
  }
}

run "lets_an_instance_leave_after_its_last_job" {
  command = plan

  variables {
    asg = merge(var.asg, { max_jobs_per_instance = 1 })
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s.Resource if s.Sid == "LeaveGroup"] == [[local.group_arn]]
    error_message = "It may terminate instances of its own group, no other."
  }

  assert {
    condition     = local.host_environment.MAX_JOBS == 1 && local.host_fleet.max_jobs_per_instance == 1 && can(local.host_files["/etc/systemd/system/gitlab-runner.service.d/20-jobs.conf"])
    error_message = "The host knows, and does not start the runner again."
  }
}

run "lets_a_spot_instance_leave_when_its_capacity_is_at_risk" {
  command = plan

  variables {
    asg = merge(var.asg, { spot_price = "0.01" })
  }

  assert {
    condition     = length([for s in jsondecode(aws_iam_role_policy.runner.policy).Statement : s if s.Sid == "LeaveGroup"]) == 1
    error_message = "A rebalance notice has an instance ask for its replacement."
  }
}

run "gives_an_instance_the_right_to_hibernate_only_where_it_does" {
  command = plan

  variables {
    asg = merge(var.asg, { warm_pool = { pool_state = "Hibernated" } })
  }

  assert {
    condition     = aws_launch_template.runner.hibernation_options[0].configured
    error_message = "EC2 hibernates only what was launched for it."
  }
}

run "goes_without_log_shipping_when_told_to" {
  command = plan

  variables {
    runner_host = { cloudwatch_agent = { install = false } }
  }

  assert {
    condition     = !local.host_environment.LOG_AGENT && !can(local.host_files["/etc/gitlab-runner-fleet/cloudwatch-agent.json"])
    error_message = "No agent, and no configuration for one."
  }
}

run "refuses_user_data_that_ec2_does_not_take" {
  command = plan

  variables {
    runner_host = { user_data = join("", concat(["#!/bin/bash\n"], [for n in range(1000) : sha512(tostring(n))])) }
  }

  expect_failures = [aws_launch_template.runner]
}
