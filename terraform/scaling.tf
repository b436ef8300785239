# CapacityShortfall and CapacitySurplus are whole instances, so a step policy can follow them proportionally: each step
# moves by the lower bound of its interval and never beyond what the metric asks for. Auto Scaling takes 20 steps at
# most: for larger ranges the steps grow, and what one step leaves over is the next observation's metric.

locals {
  is_alarms     = var.scaling.actuator == "alarms"
  largest_group = max(var.asg.max_size, 1)
  largest_step  = var.scaling.max_scale_out_step == 0 ? local.largest_group : min(var.scaling.max_scale_out_step, local.largest_group)

  step_sizes = {
    for direction, largest in { in = local.largest_group, out = local.largest_step } : direction => distinct([
      for i in range(min(20, largest)) : max(i + 1, floor(pow(largest, i / max(1, min(20, largest) - 1))))
    ])
  }
}

resource "aws_autoscaling_policy" "scale_out" {
  adjustment_type        = "ChangeInCapacity"
  autoscaling_group_name = aws_autoscaling_group.runner.name
  # The shortfall is net of instances that are booting. A warm-up would count those once more: Auto Scaling would add
  # nothing until the shortfall exceeds what is warming up.
  estimated_instance_warmup = 0
  metric_aggregation_type   = local.is_alarms ? "Maximum" : "Minimum"
  name                      = "${var.name}-scale-out"
  policy_type               = "StepScaling"

  dynamic "step_adjustment" {
    for_each = local.step_sizes.out

    content {
      metric_interval_lower_bound = step_adjustment.value - 1 # bounds count from the alarm's threshold, 1
      metric_interval_upper_bound = try(local.step_sizes.out[step_adjustment.key + 1] - 1, null)
      scaling_adjustment          = step_adjustment.value
    }
  }
}

# With alarms as the actuator this alarm is the way out: the highest value of 10 seconds counts. With the scaler as
# the actuator it is the safety net: the metric is what is missing after the scaler has acted, and only what is
# missing throughout three minutes counts.
resource "aws_cloudwatch_metric_alarm" "scale_out" {
  alarm_actions       = [aws_autoscaling_policy.scale_out.arn]
  alarm_description   = "Jobs wait for instances that nobody has asked for yet."
  alarm_name          = "${var.name}-scale-out"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  dimensions          = local.metric_dimensions
  evaluation_periods  = local.is_alarms ? 1 : 3
  metric_name         = "CapacityShortfall"
  namespace           = local.metric_namespace
  period              = local.is_alarms ? 10 : 60
  statistic           = local.is_alarms ? "Maximum" : "Minimum"
  threshold           = 1
  treat_missing_data  = "notBreaching" # unknown is not a shortfall
}

resource "aws_autoscaling_policy" "scale_in" {
  count = local.is_alarms ? 1 : 0

  adjustment_type           = "ChangeInCapacity"
  autoscaling_group_name    = aws_autoscaling_group.runner.name
  estimated_instance_warmup = 0
  metric_aggregation_type   = "Minimum"
  name                      = "${var.name}-scale-in"
  policy_type               = "StepScaling"

  dynamic "step_adjustment" {
    for_each = local.step_sizes.in

    content {
      metric_interval_lower_bound = step_adjustment.value - 1
      metric_interval_upper_bound = try(local.step_sizes.in[step_adjustment.key + 1] - 1, null)
      scaling_adjustment          = -step_adjustment.value
    }
  }
}

# The surplus is instances that have been idle for gitlab.runner_idletime already, so one period is enough; the lowest
# value of the period counts, for jobs that came within it.
resource "aws_cloudwatch_metric_alarm" "scale_in" {
  count = local.is_alarms ? 1 : 0

  alarm_actions       = [aws_autoscaling_policy.scale_in[0].arn]
  alarm_description   = "Instances have been idle for longer than gitlab.runner_idletime and are not needed."
  alarm_name          = "${var.name}-scale-in"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  dimensions          = local.metric_dimensions
  evaluation_periods  = 1
  metric_name         = "CapacitySurplus"
  namespace           = local.metric_namespace
  period              = 60
  statistic           = "Minimum"
  threshold           = 1
  treat_missing_data  = "notBreaching" # unknown is not a surplus
}
