# The network of the warehouse. Only the Data API reaches the warehouse, which needs no
# inbound rule; the warehouse reaches only S3. With `warehouse_subnet_ids`, none of these
# resources is created.
locals {
  own_network = local.warehouse && length(var.warehouse_subnet_ids) == 0 ? local.one : toset([])

  # Redshift Serverless requires subnets in three zones.
  warehouse_zones = length(local.own_network) == 0 ? {} : {
    for index in range(3) : tostring(index) => data.aws_availability_zones.available["load"].names[index]
  }

  warehouse_subnets = length(local.own_network) == 0 ? var.warehouse_subnet_ids : [
    for subnet in aws_subnet.warehouse : subnet.id
  ]

  warehouse_security_groups = length(local.own_network) == 0 ? var.warehouse_security_group_ids : [
    for group in aws_security_group.warehouse : group.id
  ]
}

data "aws_availability_zones" "available" {
  for_each = local.own_network

  state = "available"
}

resource "aws_vpc" "warehouse" {
  #checkov:skip=CKV2_AWS_11:The warehouse accepts no connections and is used through the Data API; a flow log would cost money and stay empty
  for_each = local.own_network

  cidr_block           = var.warehouse_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = "${local.prefix}-warehouse" }
}

# The default security group of a VPC allows traffic between its members. Nothing uses it
# here, so it gets no rules.
resource "aws_default_security_group" "warehouse" {
  for_each = local.own_network

  vpc_id = aws_vpc.warehouse[each.key].id
}

resource "aws_subnet" "warehouse" {
  for_each = local.warehouse_zones

  vpc_id            = aws_vpc.warehouse["load"].id
  availability_zone = each.value
  cidr_block        = cidrsubnet(var.warehouse_cidr, 3, tonumber(each.key))
  tags              = { Name = "${local.prefix}-warehouse-${each.value}" }
}

resource "aws_route_table" "warehouse" {
  for_each = local.own_network

  vpc_id = aws_vpc.warehouse[each.key].id
  tags   = { Name = "${local.prefix}-warehouse" }
}

resource "aws_route_table_association" "warehouse" {
  for_each = aws_subnet.warehouse

  subnet_id      = each.value.id
  route_table_id = aws_route_table.warehouse["load"].id
}

resource "aws_vpc_endpoint" "s3" {
  for_each = local.own_network

  vpc_id            = aws_vpc.warehouse[each.key].id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.warehouse[each.key].id]
  tags              = { Name = "${local.prefix}-warehouse" }
}

resource "aws_security_group" "warehouse" {
  for_each = local.own_network

  name        = "${local.prefix}-warehouse"
  description = "The warehouse: nothing in, S3 out"
  vpc_id      = aws_vpc.warehouse[each.key].id
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = local.own_network

  security_group_id = aws_security_group.warehouse[each.key].id
  description       = "COPY"
  prefix_list_id    = aws_vpc_endpoint.s3[each.key].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
