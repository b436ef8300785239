# A small public network for the examples: use your own instead.

data "aws_availability_zones" "available" {
  # checkov:skip=CKV_AWS_394: any two zones will do; name them in a network that stays
  state = "available"
}

resource "aws_vpc" "fleet" {
  # checkov:skip=CKV2_AWS_11: flow logs cost more than the example and are the business of a network that stays
  # checkov:skip=CKV2_AWS_12: nothing is in the default security group: each fleet has its own
  cidr_block           = "10.80.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_internet_gateway" "fleet" {
  tags   = { Name = var.name }
  vpc_id = aws_vpc.fleet.id
}

resource "aws_subnet" "public" {
  count = 2

  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(aws_vpc.fleet.cidr_block, 8, count.index)
  tags              = { Name = "${var.name}-${count.index}" }
  vpc_id            = aws_vpc.fleet.id
}

resource "aws_route_table" "public" {
  tags   = { Name = var.name }
  vpc_id = aws_vpc.fleet.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.fleet.id
  }
}

resource "aws_route_table_association" "public" {
  count = length(aws_subnet.public)

  route_table_id = aws_route_table.public.id
  subnet_id      = aws_subnet.public[count.index].id
}

# Only with var.private. One NAT gateway: a network that stays has one in each zone.
resource "aws_subnet" "private" {
  count = var.private ? 2 : 0

  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(aws_vpc.fleet.cidr_block, 8, 100 + count.index)
  tags              = { Name = "${var.name}-private-${count.index}" }
  vpc_id            = aws_vpc.fleet.id
}

resource "aws_eip" "nat" {
  count = var.private ? 1 : 0

  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_nat_gateway" "fleet" {
  count = var.private ? 1 : 0

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id
  tags          = { Name = var.name }

  depends_on = [aws_internet_gateway.fleet]
}

resource "aws_route_table" "private" {
  count = var.private ? 1 : 0

  tags   = { Name = "${var.name}-private" }
  vpc_id = aws_vpc.fleet.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.fleet[0].id
  }
}

resource "aws_route_table_association" "private" {
  count = length(aws_subnet.private)

  route_table_id = aws_route_table.private[0].id
  subnet_id      = aws_subnet.private[count.index].id
}

# Free, and most of what instances read is in S3: the distribution's packages, layers of ECR's images, caches.
resource "aws_vpc_endpoint" "s3" {
  count = var.private ? 1 : 0

  route_table_ids = aws_route_table.private[*].id
  service_name    = "com.amazonaws.${data.aws_region.current.id}.s3"
  tags            = { Name = "${var.name}-s3" }
  vpc_id          = aws_vpc.fleet.id
}

data "aws_region" "current" {}
