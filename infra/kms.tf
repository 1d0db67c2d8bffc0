# One key for all data at rest: stream, lake, logs, topic and queues.
resource "aws_kms_key" "this" {
  description             = "${local.prefix}: data at rest of Marquee"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Without this statement nobody could manage the key, and IAM policies could not
        # grant access to it. In a key policy, the resource `*` is the key itself.
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
        # Alarms and the budget publish to the topic; rules send undelivered events to a
        # queue.
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
