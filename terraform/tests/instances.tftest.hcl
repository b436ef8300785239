# What instances are like, whatever is asked for.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  asg    = { instance_type = "t3.medium", max_size = 3, subnet_ids = ["subnet-1", "subnet-2"] }
  gitlab = { api_token_ssm_path = "/gitlab/api", runner_registration_token_ssm_path = "/gitlab/reg", uri = "https://gitlab.com/" }
  lambda = { package_path = { scaler = "tests/mocks/package.zip", webhook = "tests/mocks/package.zip" } }
}

run "keeps_containers_away_from_the_instances_credentials" {
  command = plan

  assert {
    condition     = aws_launch_template.runner.metadata_options[0].http_tokens == "required"
    error_message = "IMDSv2 is required."
  }

  assert {
    condition     = aws_launch_template.runner.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "An answer of the metadata service travels one hop."
  }
}

run "encrypts_the_root_volume" {
  command = plan

  assert {
    condition     = aws_launch_template.runner.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.runner.block_device_mappings[0].device_name == "/dev/xvda"
    error_message = "The root volume of Amazon Linux is encrypted."
  }
}

run "encrypts_the_root_volume_of_another_image" {
  command = plan

  variables {
    asg = merge(var.asg, { image_id = "ami-0123456789abcdef0", root_block_device = { volume_size = 100 } })
  }

  override_data {
    target = data.aws_ami.given
    values = { root_device_name = "/dev/sda1" }
  }

  assert {
    condition     = aws_launch_template.runner.block_device_mappings[0].device_name == "/dev/sda1"
    error_message = "The mapping is the image's root volume, not an additional one."
  }

  assert {
    condition     = aws_launch_template.runner.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.runner.block_device_mappings[0].ebs[0].volume_size == 100
    error_message = "It is encrypted and has the size that was asked for."
  }
}

run "honours_every_setting_of_the_root_volume" {
  command = plan

  variables {
    asg = merge(var.asg, { root_block_device = {
      delete_on_termination = false, device_name = "/dev/sda1", encrypted = false, iops = 4000, throughput = 250, volume_size = 50, volume_type = "gp3"
    } })
  }

  assert {
    condition = [
      aws_launch_template.runner.block_device_mappings[0].device_name,
      aws_launch_template.runner.block_device_mappings[0].ebs[0].delete_on_termination,
      aws_launch_template.runner.block_device_mappings[0].ebs[0].encrypted,
      tostring(aws_launch_template.runner.block_device_mappings[0].ebs[0].iops),
      tostring(aws_launch_template.runner.block_device_mappings[0].ebs[0].throughput),
      tostring(aws_launch_template.runner.block_device_mappings[0].ebs[0].volume_size),
      aws_launch_template.runner.block_device_mappings[0].ebs[0].volume_type,
    ] == ["/dev/sda1", "false", "false", "4000", "250", "50", "gp3"]
    error_message = "asg.root_block_device is taken as it is."
  }
}

run "runs_arm64_on_arm64_images" {
  command = plan

  variables {
    asg = merge(var.asg, { architecture = "arm64", instance_type = "t4g.medium" })
  }

  assert {
    condition     = endswith(aws_launch_template.runner.image_id, "al2023-ami-kernel-default-arm64")
    error_message = "The image follows the architecture."
  }
}

run "buys_one_type_of_spot_instance_at_the_price_given" {
  command = plan

  variables {
    asg = merge(var.asg, { spot_price = "0.0100" })
  }

  assert {
    condition     = aws_launch_template.runner.instance_market_options[0].spot_options[0].max_price == "0.0100"
    error_message = "The launch template asks for Spot Instances."
  }

  assert {
    condition     = length(aws_autoscaling_group.runner.mixed_instances_policy) == 0 && length(aws_autoscaling_group.runner.launch_template) == 1
    error_message = "One type needs no mixed instances policy."
  }
}

run "spreads_spot_instances_over_types" {
  command = plan

  variables {
    asg = merge(var.asg, { capacity_rebalance = true, instance_types = ["m6i.large", "m5.large"], on_demand_base = 1, spot_price = "0.05" })
  }

  assert {
    condition     = length(aws_launch_template.runner.instance_market_options) == 0 && length(aws_autoscaling_group.runner.launch_template) == 0
    error_message = "The mixed instances policy alone says what to buy."
  }

  assert {
    condition     = [for o in aws_autoscaling_group.runner.mixed_instances_policy[0].launch_template[0].override : o.instance_type] == ["m6i.large", "m5.large"]
    error_message = "asg.instance_types wins over asg.instance_type."
  }

  assert {
    condition = (
      aws_autoscaling_group.runner.mixed_instances_policy[0].instances_distribution[0].on_demand_base_capacity == 1 &&
      aws_autoscaling_group.runner.mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 0 &&
      aws_autoscaling_group.runner.mixed_instances_policy[0].instances_distribution[0].spot_max_price == "0.05"
    )
    error_message = "One on-demand instance, Spot Instances above it, at the price given."
  }
}

run "buys_several_types_on_demand_unless_told_otherwise" {
  command = plan

  variables {
    asg = merge(var.asg, { instance_types = ["m6i.large", "m5.large"] })
  }

  assert {
    condition     = aws_autoscaling_group.runner.mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 100
    error_message = "Several types alone are not Spot."
  }
}

run "keeps_a_warm_pool" {
  command = plan

  variables {
    asg = merge(var.asg, { warm_pool = { min_size = 2, reuse_on_scale_in = true } })
  }

  assert {
    condition     = aws_autoscaling_group.runner.warm_pool[0].min_size == 2 && aws_autoscaling_group.runner.warm_pool[0].pool_state == "Stopped" && aws_autoscaling_group.runner.warm_pool[0].instance_reuse_policy[0].reuse_on_scale_in
    error_message = "asg.warm_pool is taken as it is."
  }
}

run "bounds_every_role" {
  command = plan

  variables {
    asg = merge(var.asg, { iam_permissions_boundary = "arn:aws:iam::123456789012:policy/boundary", managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"] })
  }

  assert {
    condition     = aws_iam_role.runner.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary" && aws_iam_role.scheduler.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The instances' and the scheduler's role have the boundary; tests/function.tftest.hcl has the functions'."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.managed_policy_arns[0].policy_arn == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    error_message = "asg.managed_policy_arns are attached."
  }
}

run "tags_what_it_launches" {
  command = plan

  assert {
    condition     = alltrue([for s in aws_launch_template.runner.tag_specifications : s.tags == tomap({ CostCenter = "ci", Fleet = "gitlab-runner", Name = "gitlab-runner-runners" })])
    error_message = "Instances, volumes and interfaces have the provider's default tags and the fleet's."
  }

  assert {
    condition     = toset([for s in aws_launch_template.runner.tag_specifications : s.resource_type]) == toset(["instance", "network-interface", "volume"])
    error_message = "All three are tagged."
  }

  assert {
    condition     = alltrue([for t in aws_autoscaling_group.runner.tag : t.propagate_at_launch]) && length(aws_autoscaling_group.runner.tag) == 3
    error_message = "The group's tags are its instances'."
  }
}
