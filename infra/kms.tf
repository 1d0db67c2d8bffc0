# One key for all that is kept: stream, lake, logs, topic, queues.
resource "aws_kms_key" "this" {
  description             = "${local.prefix}: what Marquee keeps"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Without this the key could be governed by nobody, and IAM could give no
        # right to it. `*` as the resource of a key's policy is the key itself.
        Sid       = "AccountGovernsKey"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogGroupsOfThisDeployment"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              "${local.arn.logs}:log-group:/aws/lambda/${local.prefix}-*",
              "${local.arn.logs}:log-group:/aws/vendedlogs/states/${local.prefix}-*",
              "${local.arn.logs}:log-group:/aws/vendedlogs/apis/${local.prefix}-*",
              "${local.arn.logs}:log-group:/aws-glue/*",
            ]
          }
        }
      },
      {
        # To publish to the topic (alarms, the budget) and to put what could not be
        # delivered into a queue (rules).
        Sid       = "ServicesThatSendToTopicAndQueues"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.this.key_id
}
