resource "aws_security_group" "runner" {
  description = "Runner instances of the fleet ${var.name}"
  name_prefix = "${var.name}-runner-"
  tags        = { Name = local.group_name }
  vpc_id      = data.aws_subnet.current.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

# Jobs fetch from wherever they need to.
resource "aws_vpc_security_group_egress_rule" "all_ipv4" {
  cidr_ipv4         = "0.0.0.0/0"
  description       = "Jobs fetch from wherever they need to"
  ip_protocol       = "-1"
  security_group_id = aws_security_group.runner.id
}

resource "aws_vpc_security_group_egress_rule" "all_ipv6" {
  cidr_ipv6         = "::/0"
  description       = "Jobs fetch from wherever they need to"
  ip_protocol       = "-1"
  security_group_id = aws_security_group.runner.id
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count = var.asg.ssh_access.source_cidr == "" ? 0 : 1

  cidr_ipv4         = strcontains(var.asg.ssh_access.source_cidr, ":") ? null : var.asg.ssh_access.source_cidr
  cidr_ipv6         = strcontains(var.asg.ssh_access.source_cidr, ":") ? var.asg.ssh_access.source_cidr : null
  description       = "SSH"
  from_port         = 22
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.runner.id
  to_port           = 22
}
