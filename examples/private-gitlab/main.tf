# A GitLab that only the VPC reaches, with a certificate from the company's own authority. The scaler runs in the VPC;
# what it and the instances need from AWS goes through the NAT gateway.

data "aws_availability_zones" "available" {
  # checkov:skip=CKV_AWS_394: any two zones will do; name them in a network that stays
  state = "available"
}

resource "aws_vpc" "fleet" {
  # checkov:skip=CKV2_AWS_11: flow logs cost more than the example and are the business of a network that stays
  # checkov:skip=CKV2_AWS_12: nothing is in the default security group: instances and functions have their own
  cidr_block           = "10.81.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_subnet" "private" {
  count = 2

  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(aws_vpc.fleet.cidr_block, 8, count.index)
  tags              = { Name = "${var.name}-private-${count.index}" }
  vpc_id            = aws_vpc.fleet.id
}

resource "aws_subnet" "public" {
  availability_zone = data.aws_availability_zones.available.names[0]
  cidr_block        = cidrsubnet(aws_vpc.fleet.cidr_block, 8, 100)
  tags              = { Name = "${var.name}-public" }
  vpc_id            = aws_vpc.fleet.id
}

resource "aws_internet_gateway" "fleet" {
  tags   = { Name = var.name }
  vpc_id = aws_vpc.fleet.id
}

resource "aws_eip" "nat" {
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_nat_gateway" "fleet" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  tags          = { Name = var.name }

  depends_on = [aws_internet_gateway.fleet]
}

resource "aws_route_table" "private" {
  tags   = { Name = "${var.name}-private" }
  vpc_id = aws_vpc.fleet.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.fleet.id
  }
}

resource "aws_route_table" "public" {
  tags   = { Name = "${var.name}-public" }
  vpc_id = aws_vpc.fleet.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.fleet.id
  }
}

resource "aws_route_table_association" "private" {
  count = length(aws_subnet.private)

  route_table_id = aws_route_table.private.id
  subnet_id      = aws_subnet.private[count.index].id
}

resource "aws_route_table_association" "public" {
  route_table_id = aws_route_table.public.id
  subnet_id      = aws_subnet.public.id
}

resource "aws_security_group" "scaler" {
  description = "The scaler of the fleet ${var.name}"
  name        = "${var.name}-scaler"
  tags        = { Name = "${var.name}-scaler" }
  vpc_id      = aws_vpc.fleet.id
}

resource "aws_vpc_security_group_egress_rule" "scaler_https" {
  cidr_ipv4         = "0.0.0.0/0"
  description       = "GitLab and AWS"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.scaler.id
  to_port           = 443
}

module "fleet" {
  source = "../../terraform"

  asg = {
    instance_type = "t3.medium"
    max_size      = 10
    subnet_ids    = aws_subnet.private[*].id
  }
  gitlab = {
    api_token_ssm_path    = "/${var.name}/gitlab-api-token"
    ca_certificate        = file("${path.module}/${var.ca_certificate_file}")
    groups                = ["platform"]
    runner_job_tags       = "docker,linux"
    runner_token_ssm_path = "/${var.name}/gitlab-runner-token"
    uri                   = var.gitlab_url
  }
  lambda = {
    security_group_ids = [aws_security_group.scaler.id]
    subnet_ids         = aws_subnet.private[*].id
  }
  name = var.name
}
