# The day's steps, each a function of its own. Which step a function is, is told by
# its environment and never by its input: a right belongs to the function.
locals {
  day_steps = {
    plan    = { binary = "daily", does = "What is due: the dates, and what each of them needs" }
    split   = { binary = "daily", does = "A part of a large date's events into buckets of users" }
    compact = { binary = "daily", does = "Events of a bucket deduplicated; sessions and views" }
    gather  = { binary = "daily", does = "What the buckets of a date made, put together" }
    check   = { binary = "marts", does = "The expectations of sql/checks" }
    prepare = { binary = "daily", does = "What a date looks back at, and whether anything changed" }
    marts   = { binary = "marts", does = "The tables of sql/marts" }
    book    = { binary = "daily", does = "The event book: whether a date adds up" }
    publish = { binary = "daily", does = "A generation made visible, and shown to query engines" }
    audit   = { binary = "daily", does = "Both books recounted from the objects" }
    replay  = { binary = "daily", does = "Quarantined units given to today's transform" }
    rebuild = { binary = "daily", does = "Processed objects made from raw again" }
    sweep   = { binary = "daily", does = "Files removed that no generation needs" }
  }

  # What a step may do outside the lake's own zones.
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

  # The state machine tries a step again by itself.
  errors_to_alarm = 3

  environment = merge(local.common_environment, {
    MARQUEE_STEP               = each.key
    MARQUEE_MAX_FUTURE_SECONDS = tostring(var.max_future_seconds)
    MARQUEE_MAX_AGE_DAYS       = tostring(var.max_age_days)
    MARQUEE_RETENTION_DAYS     = tostring(var.receipt_days)
    MARQUEE_BUCKET_ROWS        = tostring(var.bucket_rows)
    MARQUEE_PART_ROWS          = tostring(var.part_rows)
    # The rest is for what is not rows: Parquet's buffers, the SDK, the code.
    MARQUEE_MEMORY_MIB = tostring(floor(local.sizes[each.key].memory_mib * 0.6))
    MARQUEE_KEEP_DAYS  = tostring(var.keep_days)
    MARQUEE_DATABASE   = aws_glue_catalog_database.lake.name
  })

  statements = concat(local.lake_rights[each.key], lookup(local.step_statements, each.key, []))
}
