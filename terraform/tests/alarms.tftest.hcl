# Who is told what, and what silence means.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg           = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab        = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda        = { package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
  observability = { alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:alerts" }
}

run "tells_the_topic_what_is_wrong" {
  command = plan

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.operational)) == toset([
      "boot-failures", "dead-letters", "fleet-at-maximum", "gitlab-unreadable", "imds-throttling", "job-waiting", "lifecycle-timeouts",
      "no-observation", "observation-incomplete", "queue-stuck", "scaler-errors", "scaler-throttles", "schedule-errors",
      "schedule-throttles", "termination-errors", "termination-throttles", "token-expires",
    ])
    error_message = "Everything that can go wrong by itself has an alarm; what is not there has none."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.operational :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:alerts"]) && alarm.ok_actions == alarm.alarm_actions
    ])
    error_message = "Each tells the topic when it begins and when it is over."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.operational : can(regex(" Runbook: docs/runbooks/[a-z-]+\\.md$", alarm.alarm_description))])
    error_message = "Each names its runbook."
  }

  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.operational : name => alarm.treat_missing_data if alarm.treat_missing_data != "notBreaching"
    } == { job-waiting = "ignore", no-observation = "breaching", token-expires = "ignore" }
    error_message = "Unknown is not good news about a job or a token, and silence is bad."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.operational["job-waiting"].threshold == 300 && aws_cloudwatch_metric_alarm.operational["boot-failures"].threshold == 3
    error_message = "A job may wait for five minutes, and two boots may fail."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.operational["no-observation"].metric_name == "SnapshotSeconds" &&
      aws_cloudwatch_metric_alarm.operational["no-observation"].evaluation_periods * aws_cloudwatch_metric_alarm.operational["no-observation"].period > 2 * 300 &&
      aws_cloudwatch_metric_alarm.operational["no-observation"].statistic == "SampleCount" &&
      aws_cloudwatch_metric_alarm.operational["no-observation"].dimensions == tomap({ Fleet = "gitlab-runner" })
    )
    error_message = "A sweep every minute observes every minute."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_log_metric_filter.host)) == toset(["LifecycleTimeouts", "MetadataFailures", "SpotInterruptions"])
    error_message = "Alarms about hosts need the metrics that are made of their log."
  }

  assert {
    condition = alltrue([
      for filter in aws_cloudwatch_log_metric_filter.host : filter.log_group_name == "/gitlab-runner/runner" && filter.metric_transformation[0].namespace == "GitLabRunnerFleet/gitlab-runner"
    ])
    error_message = "They are this fleet's."
  }

  assert {
    condition = (
      aws_cloudwatch_log_metric_filter.stuck_instances[0].log_group_name == "/aws/lambda/gitlab-runner-scaler" &&
      aws_cloudwatch_log_metric_filter.stuck_instances[0].metric_transformation[0].name == aws_cloudwatch_metric_alarm.operational["lifecycle-timeouts"].metric_name &&
      aws_cloudwatch_log_metric_filter.stuck_instances[0].metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.operational["lifecycle-timeouts"].namespace
    )
    error_message = "What the scaler says about an instance that does not get to its end feeds the alarm of those that say it themselves."
  }

  assert {
    condition     = alltrue([for pattern in local.host_metrics : can(regex("^%[A-Za-z0-9_.|]+%$", pattern))])
    error_message = "CloudWatch Logs takes few characters in a pattern."
  }
}

run "has_an_alarm_for_each_thing_that_is_there" {
  command = plan

  variables {
    credentials   = { enabled = true }
    lambda        = merge(var.lambda, { allow_function_url = true })
    observability = { alarms = true, job_wait_seconds = 60, runbook_url = "https://wiki.example.com/runbooks/" }
  }

  assert {
    condition = setsubtract(keys(aws_cloudwatch_metric_alarm.operational), keys(local.fleet_alarms)) == toset([
      "credentials-errors", "credentials-throttles", "grants-unusable", "scaler-errors", "scaler-throttles", "schedule-errors",
      "schedule-throttles", "shared-cache-errors", "sts-failures", "termination-errors", "termination-throttles", "webhook-errors",
      "webhook-refusals", "webhook-throttles",
    ])
    error_message = "The webhook and the credential vendor have theirs."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.operational : can(regex(" Runbook: https://wiki.example.com/runbooks/[a-z-]+\\.md$", alarm.alarm_description))])
    error_message = "A mail at night has a link."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.operational["webhook-refusals"].period == 900 && aws_cloudwatch_metric_alarm.operational["webhook-refusals"].threshold == 3
    error_message = "The webhooks of a single job are enough."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.operational : length(alarm.alarm_actions) == 0])
    error_message = "Alarms without a topic tell nobody."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.operational["job-waiting"].threshold == 60
    error_message = "How long a job may wait is a choice."
  }
}

run "has_no_alarm_for_a_cache_that_is_not_shared" {
  command = plan

  variables {
    credentials = { enabled = true, shared_cache = false }
  }

  assert {
    condition     = setintersection(keys(aws_cloudwatch_metric_alarm.operational), ["shared-cache-errors", "sts-failures"]) == toset(["sts-failures"])
    error_message = "Without the shared cache only STS can fail."
  }
}

run "watches_for_the_scaler_where_an_idle_fleet_is_not_observed" {
  command = plan

  variables {
    lambda = merge(var.lambda, { rate = "off" })
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.operational["no-observation"].metric_name == "Invocations" &&
      aws_cloudwatch_metric_alarm.operational["no-observation"].namespace == "AWS/Lambda" &&
      aws_cloudwatch_metric_alarm.operational["no-observation"].dimensions == tomap({ FunctionName = "gitlab-runner-scaler" })
    )
    error_message = "Without sweeps an idle fleet publishes nothing, but the tick starts the scaler."
  }
}

run "has_no_alarms_when_they_are_unwanted" {
  command = plan

  variables {
    observability = merge(var.observability, { alarms = false })
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.operational) == 0 && length(concat(values(aws_cloudwatch_log_metric_filter.host), aws_cloudwatch_log_metric_filter.stuck_instances)) == 0
    error_message = "observability.alarms decides, and nobody needs the metrics then."
  }
}
