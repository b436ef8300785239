locals {
  # Resolved by Auto Scaling at each launch: a new image needs no apply.
  amazon_linux   = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.asg.architecture}"
  image_id       = var.asg.image_id == "" ? local.amazon_linux : var.asg.image_id
  root_device    = try(var.asg.root_block_device.device_name, data.aws_ami.given[0].root_device_name, "/dev/xvda")
  root_encrypted = try(var.asg.root_block_device.encrypted, true)
}

resource "aws_launch_template" "runner" {
  # checkov:skip=CKV_AWS_88: only with asg.associate_public_ip_address; nothing may come in but what asg.ssh_access names
  description            = "Runner instances of the fleet ${var.name}"
  image_id               = local.image_id
  instance_type          = local.instance_types[0]
  key_name               = var.asg.ssh_access.key_name
  name                   = local.group_name
  update_default_version = true
  user_data              = local.packed_user_data

  block_device_mappings {
    device_name = local.root_device

    ebs {
      delete_on_termination = try(var.asg.root_block_device.delete_on_termination, true)
      encrypted             = local.root_encrypted
      iops                  = try(var.asg.root_block_device.iops, null)
      kms_key_id            = try(var.asg.root_block_device.kms_key_id, null)
      throughput            = try(var.asg.root_block_device.throughput, null)
      volume_size           = try(var.asg.root_block_device.volume_size, null)
      volume_type           = try(var.asg.root_block_device.volume_type, "gp3")
    }
  }

  dynamic "hibernation_options" {
    for_each = [for pool in [var.asg.warm_pool] : pool if try(pool.pool_state, "") == "Hibernated"]

    content {
      configured = true
    }
  }

  iam_instance_profile {
    arn = aws_iam_instance_profile.runner.arn
  }

  # In a mixed instances policy the group says what to buy, and how.
  dynamic "instance_market_options" {
    for_each = local.uses_spot && !local.is_mixed ? [var.asg.spot_price] : []

    content {
      market_type = "spot"

      spot_options {
        max_price = instance_market_options.value
      }
    }
  }

  # One hop: what runs in a container does not reach the instance's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  network_interfaces {
    associate_public_ip_address = var.asg.associate_public_ip_address
    delete_on_termination       = true
    security_groups             = [aws_security_group.runner.id]
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "network-interface", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = local.instance_tags
    }
  }

  lifecycle {
    precondition {
      condition     = local.user_data_bytes <= 16384
      error_message = "The user data has ${local.user_data_bytes} bytes, gzipped; EC2 takes 16384. Shorten runner_host.user_data, runner_host.pre_install or runner_host.post_install, or have them fetch the rest."
    }
  }
}
