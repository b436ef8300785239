# Operational alarms: they exist when there is someone to tell, or when they are asked for.

locals {
  alarm_topics   = var.observability.alarm_topic_arn == null ? [] : [var.observability.alarm_topic_arn]
  creates_alarms = var.observability.alarms == null ? var.observability.alarm_topic_arn != null : var.observability.alarms

  operational_alarms = merge(
    {
      for function in concat(["scaler", "schedule", "termination", "webhook"], [for name in ["credentials"] : name if var.credentials.enabled]) : "${function}-errors" => {
        description = "The function ${var.name}-${function} fails: its log says why."
        dimensions  = { FunctionName = "${var.name}-${function}" }
        metric      = "Errors"
        namespace   = "AWS/Lambda"
        periods     = 1
        seconds     = 300
        statistic   = "Sum"
        threshold   = 1
      }
    },
    {
      dead-letters = {
        description = "The scaler could not handle messages; it goes on with newer ones. Its log says why."
        dimensions  = { QueueName = aws_sqs_queue.events_dead.name }
        metric      = "ApproximateNumberOfMessagesVisible"
        namespace   = "AWS/SQS"
        periods     = 1
        seconds     = 60
        statistic   = "Maximum"
        threshold   = 1
      }
      gitlab-unreadable = {
        description = "GitLab could not be read for five minutes: the fleet does not shrink, and grows only for what is known."
        dimensions  = local.metric_dimensions
        metric      = "GitLabErrors"
        namespace   = local.metric_namespace
        periods     = 5
        seconds     = 60
        statistic   = "Sum"
        threshold   = 1
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
    },
    {
      for name, alarm in {
        grants-unusable = {
          description = "The credential vendor cannot read its grants, or refuses them, and goes on with the last good ones. Its log says why."
          dimensions  = local.metric_dimensions
          metric      = "GrantsDocumentErrors"
          namespace   = local.metric_namespace
          periods     = 1
          seconds     = 300
          statistic   = "Sum"
          threshold   = 1
        }
      } : name => alarm if var.credentials.enabled
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "operational" {
  for_each = { for name, alarm in local.operational_alarms : name => alarm if local.creates_alarms }

  alarm_actions       = local.alarm_topics
  alarm_description   = each.value.description
  alarm_name          = "${var.name}-${each.key}"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  dimensions          = each.value.dimensions
  evaluation_periods  = each.value.periods
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  ok_actions          = local.alarm_topics
  period              = each.value.seconds
  statistic           = each.value.statistic
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
}
