# The dead letter queues. The alert function reads `dead-letters` and reports each message.
# Messages that the alert function cannot receive or report go to `undelivered` and stay
# there for a person; the alarm on that queue publishes to the topic directly.
resource "aws_sqs_queue" "dead_letters" {
  name                              = "${local.prefix}-dead-letters"
  message_retention_seconds         = 14 * 86400
  visibility_timeout_seconds        = 6 * local.sizes["alert"].timeout_seconds
  kms_master_key_id                 = aws_kms_key.this.arn
  kms_data_key_reuse_period_seconds = 3600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.undelivered.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "undelivered" {
  name                              = "${local.prefix}-undelivered"
  message_retention_seconds         = 14 * 86400
  kms_master_key_id                 = aws_kms_key.this.arn
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue_policy" "undelivered" {
  queue_url = aws_sqs_queue.undelivered.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RulesOfThisDeployment"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.undelivered.arn
      Condition = { ArnLike = { "aws:SourceArn" = "${local.arn.events}:rule/${local.prefix}-*" } }
    }]
  })
}
