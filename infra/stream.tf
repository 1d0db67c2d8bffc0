resource "aws_kinesis_stream" "events" {
  name             = "${local.prefix}-events"
  retention_period = var.stream_retention_hours
  shard_count      = var.stream_mode == "PROVISIONED" ? var.stream_shards : null
  encryption_type  = "KMS"
  kms_key_id       = aws_kms_key.this.arn

  stream_mode_details {
    stream_mode = var.stream_mode
  }
}

# The policy for producers: attach it to a role, a user or a task.
resource "aws_iam_policy" "producer" {
  name        = "${local.prefix}-producer"
  description = "Put events into ${aws_kinesis_stream.events.name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Put"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords",
        ]
        Resource = aws_kinesis_stream.events.arn
      },
      {
        Sid      = "Encrypt"
        Effect   = "Allow"
        Action   = "kms:GenerateDataKey"
        Resource = aws_kms_key.this.arn
      },
    ]
  })
}
