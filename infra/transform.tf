# Kinesis batches to raw, quarantine and processed.
module "transform" {
  source = "./modules/rust_lambda"

  name               = "${local.prefix}-transform"
  description        = "A batch of the stream to raw, quarantine, processed and its receipt"
  package            = local.uploaded["transform"]
  architecture       = var.architecture
  memory_mib         = local.sizes["transform"].memory_mib
  timeout_seconds    = local.sizes["transform"].timeout_seconds
  ephemeral_mib      = local.sizes["transform"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days

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
      # Lambda writes what the mapping gave up with the function's role.
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

  # Fuller batches are fewer objects and cost less; the window is how long an event
  # waits for company. A payload holds 6 MB at most, whatever the batch size is.
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batch_window_seconds
  parallelization_factor             = var.parallelization_factor

  # Bad events go to quarantine, so what fails is a fault that may pass, or one
  # record that the function cannot survive: halving finds it.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = var.batch_retries
  maximum_record_age_in_seconds  = var.batch_max_age_seconds
  function_response_types        = ["ReportBatchItemFailures"]

  # Counts what was given up, which nothing else tells.
  metrics_config {
    metrics = ["EventCount"]
  }

  destination_config {
    on_failure {
      # Only S3 gets the records themselves.
      destination_arn = module.lake.arn
    }
  }
}
