resource "aws_autoscaling_group" "runner" {
  capacity_rebalance      = var.asg.capacity_rebalance
  default_instance_warmup = var.asg.scaling_warmup
  desired_capacity        = max(var.asg.desired_capacity, var.asg.min_size)
  force_delete            = true
  force_delete_warm_pool  = true
  max_size                = var.asg.max_size
  min_size                = var.asg.min_size
  name                    = local.group_name
  # The function knows which instances are idle; any policy of AWS's own would end running jobs.
  termination_policies = [aws_lambda_alias.termination.arn]
  vpc_zone_identifier  = var.asg.subnet_ids
  # Instances come when jobs do: there is nothing to wait for during apply.
  wait_for_capacity_timeout = "0"

  # There before the first instance is; the resources below keep them as they are said here.
  initial_lifecycle_hook {
    default_result       = "ABANDON"
    heartbeat_timeout    = local.launching_seconds
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    name                 = local.launching_hook
  }

  initial_lifecycle_hook {
    default_result       = "CONTINUE"
    heartbeat_timeout    = local.terminating_seconds
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    name                 = local.terminating_hook
  }

  # A new version of the launch template replaces the instances that are idle: new ones come first, and the termination
  # policy lets no busy one go. Those leave when they are idle.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      max_healthy_percentage       = 200
      min_healthy_percentage       = 100
      scale_in_protected_instances = "Ignore"
      skip_matching                = true
    }
  }

  dynamic "launch_template" {
    for_each = local.is_mixed ? [] : [aws_launch_template.runner]

    content {
      id      = launch_template.value.id
      version = launch_template.value.latest_version
    }
  }

  dynamic "mixed_instances_policy" {
    for_each = local.is_mixed ? [aws_launch_template.runner] : []

    content {
      instances_distribution {
        on_demand_allocation_strategy            = "prioritized"
        on_demand_base_capacity                  = var.asg.on_demand_base
        on_demand_percentage_above_base_capacity = local.on_demand_percentage
        spot_allocation_strategy                 = "price-capacity-optimized"
        spot_max_price                           = var.asg.spot_price
      }

      launch_template {
        launch_template_specification {
          launch_template_id = mixed_instances_policy.value.id
          version            = mixed_instances_policy.value.latest_version
        }

        dynamic "override" {
          for_each = local.instance_types

          content {
            instance_type = override.value
          }
        }
      }
    }
  }

  dynamic "tag" {
    for_each = local.instance_tags

    content {
      key                 = tag.key
      propagate_at_launch = true
      value               = tag.value
    }
  }

  dynamic "warm_pool" {
    for_each = var.asg.warm_pool == null ? [] : [var.asg.warm_pool]

    content {
      max_group_prepared_capacity = warm_pool.value.max_group_prepared_capacity
      min_size                    = warm_pool.value.min_size
      pool_state                  = warm_pool.value.pool_state

      instance_reuse_policy {
        reuse_on_scale_in = warm_pool.value.reuse_on_scale_in
      }
    }
  }

  # The scaler owns the number of instances.
  lifecycle {
    ignore_changes = [desired_capacity]
  }

  depends_on = [aws_iam_role_policy.runner, aws_lambda_permission.termination]
}

# An instance is not in service before its runner has talked to GitLab, and one that cannot be set up is replaced.
resource "aws_autoscaling_lifecycle_hook" "launching" {
  autoscaling_group_name = aws_autoscaling_group.runner.name
  default_result         = "ABANDON"
  heartbeat_timeout      = local.launching_seconds
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  name                   = local.launching_hook
}

# A terminating instance waits until its jobs are done and it says so, or until this time is over.
resource "aws_autoscaling_lifecycle_hook" "terminating" {
  autoscaling_group_name = aws_autoscaling_group.runner.name
  default_result         = "CONTINUE"
  heartbeat_timeout      = local.terminating_seconds
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  name                   = local.terminating_hook
}
