# Redshift Serverless, where one is wanted (`warehouse_enabled`), and the function that
# loads published dates into it.
locals {
  # Whether the day loads a published date.
  warehouse = var.warehouse_enabled
  one       = local.warehouse ? toset(["load"]) : toset([])

  # Its functions by name, each a modules/rust_lambda: the state machines invoke
  # them, and alarms and the dashboard have them. What `load` may do in the lake is in
  # rights.tf, how large it is in sizes.tf.
  warehouse_functions = { for name, function in module.load : name => function }

  # What COPY reads: files, and the lists of them.
  copied = ["${local.lake_arn}/curated/*", "${local.lake_arn}/ledger/loads/*/manifests/*"]
}

# The database. Redshift makes the administrator's password, changes it, and keeps it
# in Secrets Manager; nobody has to see it.
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

# What computes, and costs only while it does.
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

# The role by which COPY reads the lake.
resource "aws_iam_role" "copy" {
  for_each = local.one

  name        = "${local.prefix}-warehouse-copy"
  description = "COPY reads published files, and the lists of them"

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
        # COPY asks where the bucket is, and looks at the keys that it was given.
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
  description        = "A published date loaded into the warehouse: started, and asked after"
  package            = local.uploaded["load"]
  architecture       = var.architecture
  memory_mib         = local.sizes["load"].memory_mib
  timeout_seconds    = local.sizes["load"].timeout_seconds
  ephemeral_mib      = local.sizes["load"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days

  # The state machine tries a step again by itself.
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
      # The last line of a date's books lies beside its audit.
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

# Statements have no ARN of their own: the right to ask after them is bounded by whose
# they are.
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
