# The dashboard, the saved queries and tracing.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_token_ssm_path = "/gitlab/runner", uri = "https://gitlab.com/", webhook_signing_token_ssm_path = "/gitlab/signing" }
  lambda = { allow_function_url = true, package_path = { credentials = "tests/mocks/package.zip", scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
  name   = "ci"
}

run "has_no_dashboard_unless_asked" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_dashboard.fleet) == 0 && output.dashboard_url == null && length(concat(values(aws_cloudwatch_log_metric_filter.host), aws_cloudwatch_log_metric_filter.stuck_instances)) == 0
    error_message = "A dashboard costs 3 USD a month."
  }

  assert {
    condition = toset(concat([for query in aws_cloudwatch_query_definition.fleet : query.name], [aws_cloudwatch_query_definition.hosts.name])) == toset([
      "ci/hosts-coming-and-going", "ci/one-hooks-way", "ci/refused-webhooks", "ci/scaling-decisions", "ci/slow-observations", "ci/unknown-projects",
    ])
    error_message = "Saved queries cost nothing, so they are always there; what is not there is not asked."
  }
}

run "shows_the_panels_of_the_report_below_the_alarms" {
  command = apply

  variables {
    credentials   = { enabled = true }
    observability = { alarms = true, dashboard = true, tracing = true }
  }

  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets : widget.properties.title if widget.type == "metric"
    ] == [for panel in jsondecode(file("panels.json")) : panel.title]
    error_message = "Dashboard and report show the same panels."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.operational)
    error_message = "The alarms come first."
  }

  assert {
    condition = one([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Jobs"
      ]) == [
      ["GitLabRunnerFleet", "PendingJobs", "Fleet", "ci", { label = "pending", stat = "Maximum" }],
      ["GitLabRunnerFleet", "RunningJobs", "Fleet", "ci", { label = "running", stat = "Maximum" }],
    ]
    error_message = "A panel shows this fleet's metrics."
  }

  assert {
    condition = one([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Webhook"
      ]) == [
      [{ expression = "m0 - FILL(m1, 0) - FILL(m2, 0)", id = "e0", label = "accepted" }],
      ["AWS/Lambda", "UrlRequestCount", "FunctionName", "ci-webhook", { id = "m0", label = "accepted", stat = "Sum", visible = false }],
      ["AWS/Lambda", "Url4xxCount", "FunctionName", "ci-webhook", { id = "m1", label = "refused", stat = "Sum", visible = true }],
      ["AWS/Lambda", "Url5xxCount", "FunctionName", "ci-webhook", { id = "m2", label = "failed", stat = "Sum", visible = true }],
    ]
    error_message = "What is neither refused nor failed was accepted."
  }

  assert {
    condition = one([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Hosts"
    ])[0] == ["GitLabRunnerFleet/ci", "SpotInterruptions", { label = "Spot interruptions", stat = "Sum" }]
    error_message = "A metric that is made of a log has no dimension, and the fleet's name in its namespace."
  }

  assert {
    condition = [for metric in one([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Functions: errors"
    ]) : metric[3]] == ["ci-webhook", "ci-schedule", "ci-scaler", "ci-termination", "ci-credentials"]
    error_message = "Each function has a line."
  }

  assert {
    condition = length(distinct([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet[0].dashboard_body).widgets : [widget.x, widget.y]
    ])) == length(local.panels) + 1
    error_message = "No two widgets are in the same place."
  }

  assert {
    condition     = output.dashboard_url == "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/ci-eu-west-1"
    error_message = "The console has an address for it, and another region's fleet another dashboard."
  }

  assert {
    condition = (
      aws_cloudwatch_query_definition.fleet["credential-denials"].log_group_names == tolist(["/aws/lambda/ci-credentials"]) &&
      aws_cloudwatch_query_definition.fleet["one-hooks-way"].log_group_names == tolist(["/aws/lambda/ci-scaler", "/aws/lambda/ci-webhook"])
    )
    error_message = "Queries read the logs of their functions."
  }

  assert {
    condition = alltrue([
      for policy in [module.credentials[0].policy, module.scaler.policy, module.schedule.policy, module.termination.policy, module.webhook.policy] :
      contains([for statement in jsondecode(policy).Statement : statement.Sid], "Trace")
    ])
    error_message = "Every function may write its traces."
  }
}

run "leaves_the_vendors_panels_out_without_a_vendor" {
  command = plan

  variables {
    observability = { dashboard = true }
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.fleet[0].dashboard_body, "AssumeRole") && !strcontains(aws_cloudwatch_dashboard.fleet[0].dashboard_body, "credentials")
    error_message = "What is not there is not shown."
  }

  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.host) == 3 && length(aws_cloudwatch_metric_alarm.operational) == 0
    error_message = "The panel of the hosts needs their metrics, and no alarms."
  }
}
