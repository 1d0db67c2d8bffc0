# The transform: Kinesis batches to raw, quarantine and processed.
module "transform" {
  source = "./modules/rust_lambda"

  name               = "${local.prefix}-transform"
  description        = "Write a batch of the stream to raw, quarantine and processed, and its receipt"
  package            = local.uploaded["transform"]
  architecture       = var.architecture
  memory_mib         = local.sizes["transform"].memory_mib
  timeout_seconds    = local.sizes["transform"].timeout_seconds
  ephemeral_mib      = local.sizes["transform"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days
  alarms             = local.function_alarms

  environment = merge(local.common_environment, {
    MARQUEE_RAW                = tostring(var.raw_zone)
    MARQUEE_MAX_FUTURE_SECONDS = tostring(var.max_future_seconds)
    MARQUEE_MAX_AGE_DAYS       = tostring(var.max_age_days)
  })

  statements = concat(local.lake_rights["transform"], [
    {
      sid = "ReadStream"
      actions = [
        "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
        "kinesis:GetShardIterator", "kinesis:ListShards",
      ]
      resources = [aws_kinesis_stream.events.arn]
    },
    {
      # Lambda uses the function's role to write discarded batches.
      sid       = "KeepWhatIsGivenUp"
      actions   = ["s3:PutObject"]
      resources = ["${module.lake.arn}/aws/lambda/*"]
    },
  ])
}

resource "aws_lambda_event_source_mapping" "transform" {
  event_source_arn  = aws_kinesis_stream.events.arn
  function_name     = module.transform.arn
  starting_position = "TRIM_HORIZON"

  # Larger batches write fewer objects and cost less; the window is the longest wait for more
  # records. A payload has at most 6 MB, whatever the batch size.
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batch_window_seconds
  parallelization_factor             = var.parallelization_factor

  # Invalid events go to quarantine. A batch therefore fails because of a temporary fault, or
  # because of one record that crashes the function; bisecting isolates that record.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = var.batch_retries
  maximum_record_age_in_seconds  = var.batch_max_age_seconds
  function_response_types        = ["ReportBatchItemFailures"]

  # Counts discarded records; no other metric does.
  metrics_config {
    metrics = ["EventCount"]
  }

  destination_config {
    on_failure {
      # Only an S3 destination receives the records themselves.
      destination_arn = module.lake.arn
    }
  }
}
