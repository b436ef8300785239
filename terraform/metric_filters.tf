# What only logs tell, as metrics: for the dashboard and the alarms, so not without them. A metric costs
# nothing in an hour in which no line matches. A metric of a line of text can have no dimension, so the fleet's name is in
# the namespace.

locals {
  host_namespace = "${local.metric_namespace}/${var.name}"

  # Regular expressions of CloudWatch Logs know letters, digits and _ but no quotation marks: a dot stands for each
  # character between the words of a line such as {"event": "drain", "reason": "spot", …} (runner_host/drain.py).
  host_metrics = {
    LifecycleTimeouts = "%runner_ended....reason....cap_reached|complete....reason....denied|complete....reason....invalid|complete....reason....no_credentials%"
    MetadataFailures  = "%no.EC2.IMDS.role.found|event....imds....reason....unreachable%"
    SpotInterruptions = "%event....drain....reason....spot%"
  }
}

resource "aws_cloudwatch_log_metric_filter" "host" {
  for_each = { for name, pattern in local.host_metrics : name => pattern if local.creates_alarms || var.observability.dashboard }

  log_group_name = aws_cloudwatch_log_group.runner.name
  name           = "${var.name}-${each.key}"
  pattern        = each.value

  metric_transformation {
    name      = each.key
    namespace = local.host_namespace
    value     = "1"
  }
}

# A host that cannot write any more is seen by the scaler alone (lambda_src/scaler/scale.py): it feeds the same alarm.
# The line is an error, so that it is written with every gitlab.log_level.
resource "aws_cloudwatch_log_metric_filter" "stuck_instances" {
  count = local.creates_alarms || var.observability.dashboard ? 1 : 0

  log_group_name = "/aws/lambda/${module.scaler.name}"
  name           = "${var.name}-StuckInstances"
  pattern        = "\"terminating for too long\""

  metric_transformation {
    name      = "LifecycleTimeouts"
    namespace = local.host_namespace
    value     = "1"
  }
}
