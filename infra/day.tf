# The steps of the daily pipeline, each as a function of its own. The environment selects
# the step of a function, never the input, because permissions belong to the function.
locals {
  day_steps = {
    plan    = { binary = "daily", does = "Plan the due dates and the work that each needs" }
    split   = { binary = "daily", does = "Split a part of a large date into buckets of users" }
    compact = { binary = "daily", does = "Deduplicate the events of a bucket; compute sessions and views" }
    gather  = { binary = "daily", does = "Combine the results of a date's buckets" }
    check   = { binary = "marts", does = "Run the checks of sql/checks" }
    prepare = { binary = "daily", does = "Resolve the earlier dates that a date reads, and detect changes" }
    marts   = { binary = "marts", does = "Compute the tables of sql/marts" }
    book    = { binary = "daily", does = "Write the event book and decide whether the date balances" }
    publish = { binary = "daily", does = "Publish a generation and register it in Glue" }
    audit   = { binary = "daily", does = "Recount both books from the objects" }
    replay  = { binary = "daily", does = "Send quarantined units through the current transform" }
    rebuild = { binary = "daily", does = "Rebuild processed objects from raw" }
    sweep   = { binary = "daily", does = "Delete files that no generation needs" }
  }

  # Permissions of a step outside the lake's zones.
  step_statements = {
    publish = [{
      sid = "ShowTables"
      actions = [
        "glue:CreatePartition", "glue:CreateTable", "glue:GetDatabase", "glue:GetPartition",
        "glue:GetTable", "glue:UpdatePartition", "glue:UpdateTable",
      ]
      resources = [
        "${local.arn.glue}:catalog",
        "${local.arn.glue}:database/${aws_glue_catalog_database.lake.name}",
        "${local.arn.glue}:table/${aws_glue_catalog_database.lake.name}/*",
      ]
    }]
    audit = [{
      sid       = "ReadWhatWasGivenUp"
      actions   = ["s3:GetObject"]
      resources = ["${module.lake.arn}/aws/lambda/*"]
    }]
  }
}

module "day" {
  source   = "./modules/rust_lambda"
  for_each = local.day_steps

  name               = "${local.prefix}-${each.key}"
  description        = each.value.does
  package            = local.uploaded[each.value.binary]
  architecture       = var.architecture
  memory_mib         = local.sizes[each.key].memory_mib
  timeout_seconds    = local.sizes[each.key].timeout_seconds
  ephemeral_mib      = local.sizes[each.key].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days
  alarms             = local.function_alarms

  # The state machine retries steps.
  errors_to_alarm = 3

  environment = merge(local.common_environment, {
    MARQUEE_STEP               = each.key
    MARQUEE_MAX_FUTURE_SECONDS = tostring(var.max_future_seconds)
    MARQUEE_MAX_AGE_DAYS       = tostring(var.max_age_days)
    MARQUEE_RETENTION_DAYS     = tostring(var.receipt_days)
    MARQUEE_BUCKET_ROWS        = tostring(var.bucket_rows)
    MARQUEE_PART_ROWS          = tostring(var.part_rows)
    # The remaining 40 % are for Parquet buffers, the SDK and the code.
    MARQUEE_MEMORY_MIB = tostring(floor(local.sizes[each.key].memory_mib * 0.6))
    MARQUEE_KEEP_DAYS  = tostring(var.keep_days)
    MARQUEE_DATABASE   = aws_glue_catalog_database.lake.name

    MARQUEE_ANOMALY_ALERTS           = tostring(var.anomaly_alerts_enabled)
    MARQUEE_ANOMALY_VOLUME_PERCENT   = tostring(var.anomaly_volume_percent)
    MARQUEE_ANOMALY_REJECTED_POINTS  = tostring(var.anomaly_rejected_points)
    MARQUEE_ANOMALY_VANISHED_PERCENT = tostring(var.anomaly_vanished_percent)
    MARQUEE_ANOMALY_MIN_EVENTS       = tostring(var.anomaly_min_events)
  })

  statements = concat(local.lake_rights[each.key], lookup(local.step_statements, each.key, []))
}
