# Who changes the capacity, in which steps.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_registration_token_ssm_path = "/gitlab/reg", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "lets_no_alarm_remove_instances_while_the_scaler_acts" {
  command = plan

  assert {
    condition     = length(aws_autoscaling_policy.scale_in) == 0 && length(aws_cloudwatch_metric_alarm.scale_in) == 0
    error_message = "No policy scales in."
  }

  assert {
    condition     = alltrue([for step in aws_autoscaling_policy.scale_out.step_adjustment : step.scaling_adjustment > 0])
    error_message = "The only policy adds."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.scale_out.metric_name == "CapacityShortfall" &&
      aws_cloudwatch_metric_alarm.scale_out.namespace == "GitLabRunnerFleet" &&
      aws_cloudwatch_metric_alarm.scale_out.dimensions == tomap({ Fleet = "gitlab-runner" })
    )
    error_message = "The alarm looks at this fleet's shortfall."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.scale_out.evaluation_periods == 3 && aws_cloudwatch_metric_alarm.scale_out.period == 60 &&
      aws_cloudwatch_metric_alarm.scale_out.statistic == "Minimum" && aws_cloudwatch_metric_alarm.scale_out.threshold == 1 &&
      aws_cloudwatch_metric_alarm.scale_out.treat_missing_data == "notBreaching"
    )
    error_message = "Only a shortfall throughout three minutes counts, and silence is none."
  }
}

run "scales_with_alarms_within_seconds" {
  command = plan

  variables {
    scaling = { actuator = "alarms" }
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.scale_out.evaluation_periods == 1 && aws_cloudwatch_metric_alarm.scale_out.period == 10 &&
      aws_cloudwatch_metric_alarm.scale_out.treat_missing_data == "notBreaching"
    )
    error_message = "One period of 10 seconds is enough to add."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.scale_in[0].metric_name == "CapacitySurplus" && aws_cloudwatch_metric_alarm.scale_in[0].period == 60 &&
      aws_cloudwatch_metric_alarm.scale_in[0].evaluation_periods == 1 && aws_cloudwatch_metric_alarm.scale_in[0].threshold == 1 &&
      aws_cloudwatch_metric_alarm.scale_in[0].statistic == "Minimum" && aws_cloudwatch_metric_alarm.scale_in[0].treat_missing_data == "notBreaching"
    )
    error_message = "One minute of surplus is enough to remove, and silence is none."
  }

  assert {
    condition = { for step in aws_autoscaling_policy.scale_in[0].step_adjustment : step.metric_interval_lower_bound => step.scaling_adjustment } == {
      "0" = -1, "1" = -2, "2" = -3
    }
    error_message = "As many go as the surplus says."
  }

  assert {
    condition     = aws_autoscaling_policy.scale_out.estimated_instance_warmup == 0
    error_message = "The shortfall is net of booting instances: a warm-up would count them twice and block growth."
  }
}

run "adds_what_is_missing_and_never_more" {
  command = plan

  variables {
    asg = merge(var.asg, { max_size = 500 })
  }

  assert {
    condition     = length(aws_autoscaling_policy.scale_out.step_adjustment) == 20
    error_message = "Auto Scaling takes 20 steps at most."
  }

  assert {
    condition = alltrue([
      for step in aws_autoscaling_policy.scale_out.step_adjustment : step.scaling_adjustment == 1 + tonumber(step.metric_interval_lower_bound)
    ])
    error_message = "Each step adds its interval's lower bound."
  }

  # Intervals are a partition of everything from the threshold up: no gap, no overlap, one open end.
  assert {
    condition = (
      toset([for step in aws_autoscaling_policy.scale_out.step_adjustment : step.metric_interval_upper_bound if step.metric_interval_upper_bound != null]) ==
      toset([for step in aws_autoscaling_policy.scale_out.step_adjustment : step.metric_interval_lower_bound if step.metric_interval_lower_bound != "0"])
    )
    error_message = "Every interval ends where another begins."
  }

  assert {
    condition     = max([for step in aws_autoscaling_policy.scale_out.step_adjustment : step.scaling_adjustment]...) == 500
    error_message = "A whole group can be added at once."
  }
}

run "honours_the_largest_step" {
  command = plan

  variables {
    scaling = { actuator = "alarms", max_scale_out_step = 2 }
  }

  assert {
    condition     = toset([for step in aws_autoscaling_policy.scale_out.step_adjustment : step.scaling_adjustment]) == toset([1, 2])
    error_message = "No step is larger than scaling.max_scale_out_step."
  }

  assert {
    condition     = max([for step in aws_autoscaling_policy.scale_in[0].step_adjustment : -step.scaling_adjustment]...) == 3
    error_message = "scaling.max_scale_out_step is about growing only."
  }
}

run "waits_for_jobs_as_long_as_told" {
  command = plan

  variables {
    asg = merge(var.asg, { force_instance_deletion_time = 7200 })
  }

  assert {
    condition = (
      aws_autoscaling_lifecycle_hook.terminating.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING" &&
      aws_autoscaling_lifecycle_hook.terminating.heartbeat_timeout == 600 && aws_autoscaling_lifecycle_hook.terminating.default_result == "CONTINUE"
    )
    error_message = "The hook holds a terminating instance from heartbeat to heartbeat, and lets it go when they end."
  }
}
