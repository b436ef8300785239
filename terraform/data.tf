data "aws_caller_identity" "current" {}

data "aws_default_tags" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

# The VPC of the security group is the one of the instances' subnets.
data "aws_subnet" "current" {
  id = var.asg.subnet_ids[0]
}

# A volume is the root volume only under the image's own device name.
data "aws_ami" "given" {
  count = startswith(var.asg.image_id, "ami-") && !can(var.asg.root_block_device.device_name) ? 1 : 0

  filter {
    name   = "image-id"
    values = [var.asg.image_id]
  }
}
