locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  # Names and ARNs that policies need before, or without, the resource itself.
  group_name         = "${var.name}-runners"
  group_arn          = "arn:${local.partition}:autoscaling:${local.region}:${local.account_id}:autoScalingGroup:*:autoScalingGroupName/${local.group_name}"
  parameter_arn_base = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter"
  queue_name         = "${var.name}-events.fifo"
  queue_arn          = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.queue_name}"

  # IAM has no regions: with the region in their names, fleets of one name in two regions do not collide.
  role_prefix = "${var.name}-${local.region}"

  metric_namespace  = "GitLabRunnerFleet"
  metric_dimensions = { Fleet = var.name }

  # Instances
  instance_types       = length(var.asg.instance_types) > 0 ? var.asg.instance_types : compact([var.asg.instance_type])
  is_mixed             = length(var.asg.instance_types) > 0 || var.asg.on_demand_base > 0 || var.asg.on_demand_percentage != null
  on_demand_percentage = coalesce(var.asg.on_demand_percentage, var.asg.spot_price == null ? 100 : 0)
  uses_spot            = local.is_mixed ? local.on_demand_percentage < 100 : var.asg.spot_price != null
  job_policy           = try(tostring(var.asg.job_policy), jsonencode(var.asg.job_policy))

  # Provider-wide default tags do not reach what an Auto Scaling group launches: the launch template repeats them.
  instance_tags = merge(data.aws_default_tags.current.tags, { Fleet = var.name, Name = local.group_name })

  # GitLab
  gitlab_url   = trimsuffix(var.gitlab.uri, "/")
  runner_tags  = join(",", compact([for tag in split(",", var.gitlab.runner_job_tags) : trimspace(tag)]))
  run_untagged = coalesce(var.gitlab.run_untagged, local.runner_tags == "")
  idle_seconds = ceil(tonumber(var.gitlab.runner_idletime) * 60)
}
