# Redshift Serverless, if `warehouse_enabled`, and the function that loads published dates
# into it.
locals {
  # True if the daily machine loads published dates.
  warehouse = var.warehouse_enabled
  one       = local.warehouse ? toset(["load"]) : toset([])

  # The functions of the warehouse by name, each a modules/rust_lambda. The state machines
  # invoke them, and alarms and the dashboard cover them. rights.tf has the permissions of
  # `load` in the lake, sizes.tf its size.
  warehouse_functions = { for name, function in module.load : name => function }

  # The objects that COPY reads: curated files and manifests.
  copied = ["${local.lake_arn}/curated/*", "${local.lake_arn}/ledger/loads/*/manifests/*"]
}

# The database. Redshift generates and rotates the administrator's password and stores it in
# Secrets Manager.
resource "aws_redshiftserverless_namespace" "this" {
  for_each = local.one

  namespace_name                   = local.prefix
  db_name                          = var.warehouse_database
  manage_admin_password            = true
  admin_password_secret_kms_key_id = aws_kms_key.this.arn
  kms_key_id                       = aws_kms_key.this.arn
  iam_roles                        = [aws_iam_role.copy[each.key].arn]
  log_exports                      = ["connectionlog", "useractivitylog", "userlog"]
}

# The compute capacity. It is billed only while it runs.
resource "aws_redshiftserverless_workgroup" "this" {
  for_each = local.one

  workgroup_name       = local.prefix
  namespace_name       = aws_redshiftserverless_namespace.this[each.key].namespace_name
  base_capacity        = var.warehouse_base_rpu
  max_capacity         = var.warehouse_max_rpu
  publicly_accessible  = false
  enhanced_vpc_routing = true
  subnet_ids           = local.warehouse_subnets
  security_group_ids   = local.warehouse_security_groups
}

resource "aws_redshiftserverless_usage_limit" "compute" {
  for_each = local.one

  resource_arn  = aws_redshiftserverless_workgroup.this[each.key].arn
  usage_type    = "serverless-compute"
  period        = "monthly"
  amount        = var.warehouse_monthly_rpu_hours
  breach_action = var.warehouse_breach_action
}

# The role with which COPY reads the lake.
resource "aws_iam_role" "copy" {
  for_each = local.one

  name        = "${local.prefix}-warehouse-copy"
  description = "COPY reads published files and manifests"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "copy" {
  for_each = local.one

  name = "copy"
  role = aws_iam_role.copy[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadPublished"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = local.copied
      },
      {
        # COPY reads the region of the bucket and checks the keys of the manifest.
        Sid      = "FindLake"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = module.lake.arn
      },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = aws_kms_key.this.arn
      },
    ]
  })
}

module "load" {
  source   = "./modules/rust_lambda"
  for_each = local.one

  name               = "${local.prefix}-load"
  description        = "Start and poll the load of a published date into the warehouse"
  package            = local.uploaded["load"]
  architecture       = var.architecture
  memory_mib         = local.sizes["load"].memory_mib
  timeout_seconds    = local.sizes["load"].timeout_seconds
  ephemeral_mib      = local.sizes["load"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days
  alarms             = local.function_alarms

  # The state machine retries steps.
  errors_to_alarm = 3

  environment = merge(local.common_environment, {
    MARQUEE_WORKGROUP          = aws_redshiftserverless_workgroup.this[each.key].workgroup_name
    MARQUEE_WAREHOUSE_DATABASE = var.warehouse_database
    MARQUEE_SECRET_ARN         = aws_redshiftserverless_namespace.this[each.key].admin_password_secret_arn
    MARQUEE_COPY_ROLE_ARN      = aws_iam_role.copy[each.key].arn
    MARQUEE_STATEMENT_SECONDS  = tostring(var.warehouse_statement_seconds)
  })

  statements = concat(local.lake_rights["load"], [
    {
      # The last line of the book is stored beside the audit of the date.
      sid       = "KeepBook"
      actions   = ["s3:PutObject"]
      resources = ["${local.lake_arn}/ledger/days/event_date=*/audit/warehouse.json"]
    },
    {
      sid       = "HandStatementsOver"
      actions   = ["redshift-data:BatchExecuteStatement"]
      resources = [aws_redshiftserverless_workgroup.this[each.key].arn]
    },
    {
      sid       = "EnterDatabase"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_redshiftserverless_namespace.this[each.key].admin_password_secret_arn]
    },
  ])
}

# Statements have no ARN, so a condition on their owner restricts the permission to read
# them.
resource "aws_iam_role_policy" "own_statements" {
  for_each = local.one

  name = "own-statements"
  role = module.load[each.key].role_name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AskAfterOwnStatements"
      Effect    = "Allow"
      Action    = ["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"]
      Resource  = "*"
      Condition = { StringEquals = { "redshift-data:statement-owner-iam-userid" = "$${aws:userid}" } }
    }]
  })
}
