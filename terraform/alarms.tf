# Operational alarms: they exist when there is someone to tell, or when they are asked for. Each names its runbook.
#
# What missing data means is decided for each. CloudWatch counts nothing where nothing happened, so for errors missing is
# good (notBreaching). What the scaler does not publish is unknown, so a figure of its observations keeps the state it
# had (ignore). And where silence itself is the fault, missing is bad (breaching).

locals {
  alarm_topics   = var.observability.alarm_topic_arn == null ? [] : [var.observability.alarm_topic_arn]
  creates_alarms = var.observability.alarms == null ? var.observability.alarm_topic_arn != null : var.observability.alarms
  runbooks       = var.observability.runbook_url == null ? "docs/runbooks" : trimsuffix(var.observability.runbook_url, "/")

  function_names = concat(
    ["scaler", "schedule", "termination"],
    [for name in ["webhook"] : name if var.lambda.allow_function_url],
    [for name in ["credentials"] : name if var.credentials.enabled],
  )

  # An idle fleet is observed by its sweeps alone: only where they come this often can their absence be told from rest.
  # In any other setting the scaler is still started each minute, by the schedule's tick.
  is_swept_often = can(regex("^rate\\([1-5] minutes?\\)$", var.lambda.rate))
  observation = local.is_swept_often ? {
    description = "The fleet has not been observed for eleven minutes: jobs start only on instances that are there."
    metric      = "SnapshotSeconds"
    namespace   = local.metric_namespace
    statistic   = "SampleCount"
    } : {
    description = "The scaler has not been started for eleven minutes, though the schedule does it each minute: nobody looks after the fleet."
    metric      = "Invocations"
    namespace   = "AWS/Lambda"
    statistic   = "Sum"
  }

  # Of every alarm, unless it says otherwise: one event in five minutes.
  usual_alarm = {
    comparison = "GreaterThanOrEqualToThreshold"
    dimensions = local.metric_dimensions
    missing    = "notBreaching" # an event that did not happen
    namespace  = local.metric_namespace
    periods    = 1
    seconds    = 300
    statistic  = "Sum"
    threshold  = 1
  }

  fleet_alarms = {
    boot-failures = {
      description = "Three instances in a row could not be made a runner host: until one succeeds, one at a time is tried. The log group ${local.runner_log_group} says why."
      metric      = "BootFailures"
      seconds     = 60
      statistic   = "Maximum"
      threshold   = 3
    }
    dead-letters = {
      description = "The scaler could not handle messages; it goes on with newer ones. Its log says why."
      dimensions  = { QueueName = aws_sqs_queue.events_dead.name }
      metric      = "ApproximateNumberOfMessagesVisible"
      namespace   = "AWS/SQS"
      seconds     = 60
      statistic   = "Maximum"
    }
    fleet-at-maximum = {
      description = "For a quarter of an hour the jobs have needed more instances than asg.max_size allows."
      metric      = "CapacityBeyondMaximum" # published only while it is so
      periods     = 3
      statistic   = "Maximum"
    }
    gitlab-unreadable = {
      description = "GitLab could not be read for five minutes: the fleet does not shrink, and grows only for what is known."
      metric      = "GitLabErrors"
      periods     = 5
      seconds     = 60
    }
    imds-throttling = {
      description = "Hosts do not reach their instance metadata service, and with it their credentials: caches and lifecycle actions fail."
      dimensions  = {}
      metric      = "MetadataFailures"
      namespace   = local.host_namespace
      threshold   = 5 # a single one is repeated and does no harm
    }
    job-waiting = {
      description = "A job has been waiting for a runner for longer than ${var.observability.job_wait_seconds} s."
      metric      = "OldestPendingJobSeconds"
      missing     = "ignore" # while GitLab cannot be read, the job is not known to have started
      periods     = 2
      seconds     = 60
      statistic   = "Maximum"
      threshold   = var.observability.job_wait_seconds
    }
    lifecycle-timeouts = {
      description = "An instance had to go before its jobs were done, could not complete its lifecycle action, or does not get to its end."
      dimensions  = {}
      metric      = "LifecycleTimeouts"
      namespace   = local.host_namespace
    }
    no-observation = {
      comparison  = "LessThanThreshold"
      description = local.observation.description
      dimensions  = { for name, value in { Fleet = var.name, FunctionName = "${var.name}-scaler" } : name => value if(name == "Fleet") == local.is_swept_often }
      metric      = local.observation.metric
      missing     = "breaching" # silence is what this alarm is about
      namespace   = local.observation.namespace
      periods     = 11 # of sweeps every five minutes one may be missing
      seconds     = 60
      statistic   = local.observation.statistic
    }
    observation-incomplete = {
      description = "For a quarter of an hour not all of the fleet's projects could be read: it does not shrink, and publishes nothing about its jobs."
      metric      = "ObservationsIncomplete" # published only while it is so
      periods     = 3
    }
    queue-stuck = {
      description = "Hooks and ticks wait for more than five minutes: the scaler does not run, or does not keep up."
      dimensions  = { QueueName = aws_sqs_queue.events.name }
      metric      = "ApproximateAgeOfOldestMessage"
      namespace   = "AWS/SQS"
      periods     = 5
      seconds     = 60
      statistic   = "Maximum"
      threshold   = 300
    }
    token-expires = {
      comparison  = "LessThanThreshold"
      description = "The GitLab token in ${var.gitlab.api_token_ssm_path} expires within 14 days: the fleet stands still from then on."
      metric      = "GitLabTokenDaysLeft"
      missing     = "ignore" # it is read once a day, sometimes a little later
      seconds     = 86400
      statistic   = "Minimum"
      threshold   = 14
    }
  }

  webhook_alarms = {
    webhook-refusals = {
      # A job makes three webhooks or four. After four refusals GitLab disables one, and tries it again ever more rarely.
      description = "GitLab's webhooks, or somebody else's requests, are refused: jobs start with the next tick or sweep only."
      dimensions  = { FunctionName = "${var.name}-webhook" }
      metric      = "Url4xxCount"
      namespace   = "AWS/Lambda"
      seconds     = 900
      threshold   = 3
    }
  }

  vendor_alarms = {
    grants-unusable = {
      description = "The credential vendor cannot read its grants, or refuses them, and goes on with the last good ones. Its log says why."
      metric      = "GrantsDocumentErrors"
    }
    sts-failures = {
      description = "STS does not give the credential vendor the sessions it asks for: jobs get no credentials, and caches fail."
      metric      = "AssumeRoleFailures"
      threshold   = 3 # one request of an SDK is three tries
    }
  }

  shared_cache_alarms = {
    shared-cache-errors = {
      description = "The credential vendor's shared cache has failed for a quarter of an hour. Credentials are given all the same, from STS."
      metric      = "SharedCacheErrors"
      periods     = 3
    }
  }

  function_alarms = merge(
    {
      for function in local.function_names : "${function}-errors" => {
        description = "The function ${var.name}-${function} fails: its log says why."
        dimensions  = { FunctionName = "${var.name}-${function}" }
        # Of a URL's answers, those that say "not now" are no errors to Lambda.
        metric    = function == "webhook" ? "Url5xxCount" : "Errors"
        namespace = "AWS/Lambda"
        runbook   = "function-errors"
      }
    },
    {
      for function in local.function_names : "${function}-throttles" => {
        description = "Lambda does not start the function ${var.name}-${function}: the account's concurrency is used up, or reserved for others."
        dimensions  = { FunctionName = "${var.name}-${function}" }
        metric      = "Throttles"
        namespace   = "AWS/Lambda"
        runbook     = "function-throttles"
      }
    },
  )

  operational_alarms = {
    for name, alarm in merge(
      local.fleet_alarms,
      local.function_alarms,
      { for name, alarm in local.webhook_alarms : name => alarm if var.lambda.allow_function_url },
      { for name, alarm in local.vendor_alarms : name => alarm if var.credentials.enabled },
      { for name, alarm in local.shared_cache_alarms : name => alarm if local.shared_cache_count > 0 },
    ) : name => merge(local.usual_alarm, { runbook = name }, alarm)
  }
}

resource "aws_cloudwatch_metric_alarm" "operational" {
  for_each = { for name, alarm in local.operational_alarms : name => alarm if local.creates_alarms }

  alarm_actions       = local.alarm_topics
  alarm_description   = "${each.value.description} Runbook: ${local.runbooks}/${each.value.runbook}.md"
  alarm_name          = "${var.name}-${each.key}"
  comparison_operator = each.value.comparison
  dimensions          = each.value.dimensions
  evaluation_periods  = each.value.periods
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  ok_actions          = local.alarm_topics
  period              = each.value.seconds
  statistic           = each.value.statistic
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing

  # Nothing is missing before the schedule and its function are there.
  depends_on = [aws_lambda_event_source_mapping.events, aws_scheduler_schedule.fleet]
}
