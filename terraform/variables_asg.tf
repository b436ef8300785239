variable "asg" {
  description = <<-EOT
    The Auto Scaling group and its instances.
    architecture: "x86_64" or "arm64"; must fit the instance types.
    associate_public_ip_address: give instances a public address.
    capacity_rebalance: replace a Spot Instance when AWS says that it is at risk.
    desired_capacity: instances at creation only; afterwards the scaler owns the number. Values below min_size mean min_size.
    executor: "docker" or "shell".
    force_instance_deletion_time: seconds that a terminating instance may keep finishing its jobs, 30 to 172800 (two days).
    iam_permissions_boundary: ARN of a policy that bounds every role of this module.
    image_id: AMI id, or "resolve:ssm:<parameter>"; "" = the newest Amazon Linux 2023 at each launch.
    instance_type: instance type when instance_types is not given.
    instance_types: instance types to choose from, in order of preference for on-demand; wins over instance_type.
    job_policy: IAM policy for what runs on the instances, as an object or as JSON.
    log_level: log level of gitlab-runner.
    managed_policy_arns: further policies to attach to the instances' role.
    max_jobs_per_instance: jobs after which an instance goes, however idle the group is; 0 = any number, 1 = a new instance for each job.
    max_size, min_size: bounds of the group.
    on_demand_base: on-demand instances before any Spot Instance.
    on_demand_percentage: share of on-demand instances beyond the base; 0 with spot_price, else 100.
    root_block_device: delete_on_termination, device_name, encrypted, iops, kms_key_id, throughput, volume_size, volume_type.
    scaling_warmup: the group's default instance warm-up in seconds.
    spot_price: highest price in USD an hour; given, the instances are Spot Instances.
    ssh_access: source_cidr that may connect to port 22 and key_name of the key pair.
    subnet_ids: subnets, all of one VPC; their availability zones are the group's.
    warm_pool: max_group_prepared_capacity, min_size, pool_state ("Stopped", "Hibernated", "Running"), reuse_on_scale_in.
  EOT
  type = object({
    architecture                 = optional(string, "x86_64")
    associate_public_ip_address  = optional(bool, false)
    capacity_rebalance           = optional(bool, false)
    desired_capacity             = optional(number, 0)
    executor                     = optional(string, "docker")
    force_instance_deletion_time = optional(number, 600)
    iam_permissions_boundary     = optional(string)
    image_id                     = optional(string, "")
    instance_type                = optional(string, "")
    instance_types               = optional(list(string), [])
    job_policy                   = optional(any, "")
    log_level                    = optional(string, "info")
    managed_policy_arns          = optional(list(string), [])
    max_jobs_per_instance        = optional(number, 0)
    max_size                     = number
    min_size                     = optional(number, 0)
    on_demand_base               = optional(number, 0)
    on_demand_percentage         = optional(number)
    root_block_device            = optional(any, {})
    scaling_warmup               = optional(number, 240)
    spot_price                   = optional(string)
    ssh_access = optional(object({
      key_name    = optional(string)
      source_cidr = optional(string, "")
    }), {})
    subnet_ids = list(string)
    warm_pool = optional(object({
      max_group_prepared_capacity = optional(number)
      min_size                    = optional(number, 0)
      pool_state                  = optional(string, "Stopped")
      reuse_on_scale_in           = optional(bool, false)
    }))
  })
  nullable = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.asg.architecture)
    error_message = "asg.architecture must be \"x86_64\" or \"arm64\"."
  }

  validation {
    condition     = var.asg.instance_type != "" || length(var.asg.instance_types) > 0
    error_message = "asg.instance_type or asg.instance_types must be given."
  }

  validation {
    condition     = alltrue([for type in concat(compact([var.asg.instance_type]), var.asg.instance_types) : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", type))])
    error_message = "asg.instance_type and asg.instance_types must hold EC2 instance types, such as \"t3.medium\"."
  }

  # Graviton families have a g behind their generation (t4g, c7gn, is4gen); a1 is the oldest one.
  validation {
    condition = alltrue([
      for type in length(var.asg.instance_types) > 0 ? var.asg.instance_types : compact([var.asg.instance_type]) :
      can(regex("^(a1|[a-z]+[0-9]+[a-z]*g[a-z]*)\\.", type)) == (var.asg.architecture == "arm64")
    ])
    error_message = "asg.architecture does not fit asg.instance_type or asg.instance_types: Graviton types (such as t4g.medium) need asg.architecture = \"arm64\", all others \"x86_64\"; one group cannot have both."
  }

  validation {
    condition     = alltrue([for n in [var.asg.min_size, var.asg.max_size] : n >= 0 && floor(n) == n])
    error_message = "asg.min_size and asg.max_size must be whole numbers, 0 or more."
  }

  validation {
    condition     = var.asg.min_size <= var.asg.max_size
    error_message = "asg.min_size must not exceed asg.max_size."
  }

  validation {
    condition = var.asg.desired_capacity == 0 || (
      floor(var.asg.desired_capacity) == var.asg.desired_capacity &&
      var.asg.desired_capacity >= var.asg.min_size && var.asg.desired_capacity <= var.asg.max_size
    )
    error_message = "asg.desired_capacity must be a whole number from asg.min_size to asg.max_size; leave it out to start with asg.min_size."
  }

  validation {
    condition     = contains(["docker", "shell"], var.asg.executor)
    error_message = "asg.executor must be \"docker\" or \"shell\"."
  }

  validation {
    condition     = var.asg.force_instance_deletion_time >= 30 && var.asg.force_instance_deletion_time <= 172800 && floor(var.asg.force_instance_deletion_time) == var.asg.force_instance_deletion_time
    error_message = "asg.force_instance_deletion_time must be 30 to 172800 whole seconds: an instance waits for a lifecycle hook for two days at most."
  }

  validation {
    condition     = var.asg.iam_permissions_boundary == null || can(regex("^arn:[a-z0-9-]+:iam::([0-9]{12}|aws):policy/.+$", var.asg.iam_permissions_boundary))
    error_message = "asg.iam_permissions_boundary must be the ARN of an IAM policy."
  }

  validation {
    condition     = var.asg.image_id == "" || can(regex("^(ami-[0-9a-f]{8,17}|resolve:ssm:[A-Za-z0-9_.:/-]+)$", var.asg.image_id))
    error_message = "asg.image_id must be an AMI id (ami-…), \"resolve:ssm:<parameter>\", or \"\" for the newest Amazon Linux 2023."
  }

  validation {
    condition     = var.asg.job_policy == "" || can(jsondecode(try(tostring(var.asg.job_policy), jsonencode(var.asg.job_policy))).Statement)
    error_message = "asg.job_policy must be an IAM policy with a Statement, as an object or as JSON text (jsonencode makes it from an object)."
  }

  validation {
    condition     = contains(["debug", "error", "fatal", "info", "panic", "warn"], var.asg.log_level)
    error_message = "asg.log_level must be one of gitlab-runner's: debug, info, warn, error, fatal or panic."
  }

  validation {
    condition     = var.asg.max_jobs_per_instance >= 0 && floor(var.asg.max_jobs_per_instance) == var.asg.max_jobs_per_instance
    error_message = "asg.max_jobs_per_instance must be a whole number of jobs; 0 means any number."
  }

  # gitlab-runner counts its jobs only when it runs them one after another, and then always as its own user.
  validation {
    condition     = var.asg.max_jobs_per_instance == 0 || (var.asg.executor == "docker" && var.gitlab.runner_agents_per_instance == 1)
    error_message = "asg.max_jobs_per_instance goes with asg.executor = \"docker\" and gitlab.runner_agents_per_instance = 1 only: leave it out, or give each job an instance of its own."
  }

  validation {
    condition     = var.asg.max_jobs_per_instance == 0 || !try(var.asg.warm_pool.reuse_on_scale_in, false)
    error_message = "asg.max_jobs_per_instance means instances that are not used again: asg.warm_pool.reuse_on_scale_in must be false with it."
  }

  validation {
    condition     = alltrue([for arn in var.asg.managed_policy_arns : can(regex("^arn:[a-z0-9-]+:iam::([0-9]{12}|aws):policy/.+$", arn))])
    error_message = "asg.managed_policy_arns must hold ARNs of IAM policies."
  }

  validation {
    condition     = var.asg.on_demand_base >= 0 && floor(var.asg.on_demand_base) == var.asg.on_demand_base
    error_message = "asg.on_demand_base must be a whole number of instances, 0 or more."
  }

  validation {
    condition     = var.asg.on_demand_percentage == null || (try(var.asg.on_demand_percentage >= 0 && var.asg.on_demand_percentage <= 100 && floor(var.asg.on_demand_percentage) == var.asg.on_demand_percentage, false))
    error_message = "asg.on_demand_percentage must be a whole number from 0 to 100."
  }

  validation {
    condition     = !var.asg.capacity_rebalance || coalesce(var.asg.on_demand_percentage, var.asg.spot_price == null ? 100 : 0) < 100
    error_message = "asg.capacity_rebalance is about Spot Instances only: give asg.spot_price or an asg.on_demand_percentage below 100, or leave it out."
  }

  validation {
    condition = length(setsubtract(
      try(keys(var.asg.root_block_device), ["not an object"]),
      ["delete_on_termination", "device_name", "encrypted", "iops", "kms_key_id", "throughput", "volume_size", "volume_type"],
    )) == 0
    error_message = "asg.root_block_device must be an object with only: delete_on_termination, device_name, encrypted, iops, kms_key_id, throughput, volume_size, volume_type."
  }

  # With a wrong name the volume would be an additional one, and the root volume would keep the image's settings.
  validation {
    condition     = !startswith(var.asg.image_id, "resolve:ssm:") || can(var.asg.root_block_device.device_name)
    error_message = "asg.root_block_device.device_name must be given when asg.image_id is \"resolve:ssm:…\": the image's root device (such as \"/dev/xvda\" or \"/dev/sda1\") cannot be looked up."
  }

  validation {
    condition     = var.asg.scaling_warmup >= 0 && floor(var.asg.scaling_warmup) == var.asg.scaling_warmup
    error_message = "asg.scaling_warmup must be whole seconds, 0 or more."
  }

  validation {
    condition     = var.asg.spot_price == null || can(regex("^(0*[1-9][0-9]*(\\.[0-9]+)?|0*\\.0*[1-9][0-9]*)$", var.asg.spot_price))
    error_message = "asg.spot_price must be a price in USD an hour above 0, such as \"0.0100\"; leave it out for on-demand instances."
  }

  validation {
    condition     = var.asg.ssh_access.source_cidr == "" || can(cidrnetmask(var.asg.ssh_access.source_cidr)) || can(regex(":.*/", cidrsubnet(var.asg.ssh_access.source_cidr, 0, 0)))
    error_message = "asg.ssh_access.source_cidr must be an address range in CIDR notation, such as \"10.0.0.0/8\"; \"\" allows nobody."
  }

  validation {
    condition     = length(var.asg.subnet_ids) > 0
    error_message = "asg.subnet_ids must name at least one subnet."
  }

  validation {
    condition     = var.asg.warm_pool == null || try(contains(["Hibernated", "Running", "Stopped"], var.asg.warm_pool.pool_state), false)
    error_message = "asg.warm_pool.pool_state must be \"Stopped\", \"Hibernated\" or \"Running\"."
  }

  # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html
  validation {
    condition = var.asg.warm_pool == null || (
      length(var.asg.instance_types) == 0 && var.asg.on_demand_base == 0 &&
      var.asg.on_demand_percentage == null && var.asg.spot_price == null
    )
    error_message = "asg.warm_pool goes with a single on-demand instance type only: leave out asg.instance_types, asg.on_demand_base, asg.on_demand_percentage and asg.spot_price, or the warm pool."
  }
}
