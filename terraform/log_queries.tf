# Saved queries of CloudWatch Logs Insights, for three in the morning. They cost nothing until they are run.

locals {
  # By the functions' own names, so that the log groups are there first.
  queried_functions = merge(
    { scaler = module.scaler.name, webhook = module.webhook.name },
    { for function in module.credentials : "credentials" => function.name },
  )

  log_queries = {
    credential-denials = {
      functions = [for name in ["credentials"] : name if var.credentials.enabled]
      query     = <<-EOT
        filter message = "credentials refused"
        | stats count(*) as refused, latest(@timestamp) as last by grant, code, reason
        | sort refused desc
      EOT
    }
    one-hooks-way = {
      functions = ["scaler", "webhook"]
      query     = <<-EOT
        # Put in the correlation_id of a line "job event queued": GitLab's webhook-id or Idempotency-Key. The line with an
        # outcome is the decision that answers it, also if the webhook was only noted at first.
        fields @timestamp, @log, message, status, outcome, desired, need
        | filter @message like "PUT-THE-CORRELATION-ID-HERE"
        | sort @timestamp asc
      EOT
    }
    refused-webhooks = {
      functions = ["webhook"]
      query     = <<-EOT
        filter message in ["webhook refused", "webhook cannot be handled"]
        | parse reason /^(?<why>.*?)(?: \(from (?<source>.*)\))?$/
        | stats count(*) as requests, count_distinct(source) as sources, latest(@timestamp) as last by status, why
        | sort requests desc
      EOT
    }
    scaling-decisions = {
      functions = ["scaler"]
      query     = <<-EOT
        # Why the fleet grew, or did not shrink: each line is a sentence.
        fields @timestamp, message, need, desired
        | filter ispresent(outcome)
        | sort @timestamp desc
        | limit 200
      EOT
    }
    slow-observations = {
      functions = ["scaler"]
      query     = <<-EOT
        filter @type = "REPORT"
        | stats count(*) as invocations, pct(@duration, 50) as median_ms, pct(@duration, 95) as p95_ms, max(@duration) as longest_ms by bin(15m)
      EOT
    }
    unknown-projects = {
      functions = ["scaler"]
      query     = <<-EOT
        filter message like "unknown, so nothing is removed"
        | parse message /unknown, so nothing is removed: (?<unknown>.*)$/
        | stats count(*) as observations, latest(@timestamp) as last by unknown
        | sort observations desc
        | limit 50
      EOT
    }
  }
}

resource "aws_cloudwatch_query_definition" "fleet" {
  for_each = { for name, query in local.log_queries : name => query if length(query.functions) > 0 }

  log_group_names = [for function in each.value.functions : "/aws/lambda/${local.queried_functions[function]}"]
  name            = "${var.name}/${each.key}"
  query_string    = each.value.query
}

resource "aws_cloudwatch_query_definition" "hosts" {
  log_group_names = [aws_cloudwatch_log_group.runner.name]
  name            = "${var.name}/hosts-coming-and-going"
  query_string    = <<-EOT
    fields @timestamp, @logStream, @message
    | filter @message like /boot failed|is done|in contact with GitLab|"event": "(drain|runner_ended|complete|terminate)"/
    | sort @timestamp desc
    | limit 200
  EOT
}
