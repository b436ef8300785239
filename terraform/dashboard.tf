# The dashboard shows the panels that `make report` shows: panels.json is the one list of both.

locals {
  # Dashboards have no regions: with the region in their names, fleets of one name in two regions do not collide.
  dashboard_name = local.role_prefix
  panels = [
    for panel in jsondecode(file("${path.module}/panels.json")) : panel
    if !try(panel.credentials, false) || var.credentials.enabled
  ]

  # [namespace, name, dimension, value, …, {how it is drawn}], as CloudWatch wants it.
  panel_metrics = [
    for panel in local.panels : concat([
      for index, metric in panel.metrics : [
        for function in try(panel.each, [""]) : concat(
          [replace(try(panel.namespace, local.metric_namespace), "{fleet}", var.name), metric.name],
          function == "" ? flatten([
            for name, value in try(metric.dimensions, { Fleet = "{fleet}" }) : [name, replace(value, "{fleet}", var.name)]
          ]) : ["FunctionName", "${var.name}-${function}"],
          [merge(
            { label = try(metric.label, function), stat = metric.stat },
            { for key, value in { id = "m${index}", visible = !can(metric.less) } : key => value if anytrue([for each in panel.metrics : can(each.less)]) },
          )],
        ) if function != "credentials" || var.credentials.enabled
      ]
    ]...)
  ]
  # Of metrics that others of their panel are taken off, only the difference is drawn.
  panel_differences = [
    for panel in local.panels : [
      for index, metric in panel.metrics : [{
        expression = join(" - ", concat(["m${index}"], [
          for other, each in panel.metrics : "FILL(m${other}, 0)" if contains(metric.less, each.name)
        ]))
        id    = "e${index}"
        label = metric.label
      }] if can(metric.less)
    ]
  ]

  alarm_widgets = [
    for alarms in [values(aws_cloudwatch_metric_alarm.operational)[*].arn] : {
      height     = 3
      properties = { alarms = alarms, title = "Alarms: each names its runbook" }
      type       = "alarm"
      width      = 24
      x          = 0
      y          = 0
    } if local.creates_alarms
  ]
  # Three in a row, below the alarms.
  panel_widgets = [
    for index, panel in local.panels : {
      height = 6
      properties = {
        metrics = concat(local.panel_differences[index], local.panel_metrics[index])
        period  = 60
        region  = local.region
        title   = panel.title
        view    = "timeSeries"
        yAxis   = { left = { min = 0, showUnits = false } }
      }
      type  = "metric"
      width = 8
      x     = index % 3 * 8
      y     = floor(index / 3) * 6 + 3 * length(local.alarm_widgets)
    }
  ]

  console = {
    aws        = "console.aws.amazon.com"
    aws-cn     = "console.amazonaws.cn"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }
}

resource "aws_cloudwatch_dashboard" "fleet" {
  count = var.observability.dashboard ? 1 : 0

  dashboard_body = jsonencode({ widgets = concat(local.alarm_widgets, local.panel_widgets) })
  dashboard_name = local.dashboard_name
}
