# The lake. `ledger/`, `curated/` and `reference/` have no rule: they are the books,
# what is published and what it is made with, and only `sweep` removes of curated.
# It is the whole of a bucket that is made for it: on-failure destinations write at a
# bucket's root, where the audit looks for what was given up.
module "lake" {
  source = "./modules/bucket"

  name              = "${local.prefix}-lake-${local.account}"
  kms_key_arn       = aws_kms_key.this.arn
  noncurrent_days   = var.noncurrent_days
  force_destroy     = var.force_destroy
  access_log_bucket = var.access_log_bucket

  expirations = {
    raw        = { prefix = "raw/", days = var.raw_days, cold_after_days = var.raw_cold_after_days }
    quarantine = { prefix = "quarantine/", days = var.quarantine_days }
    processed  = { prefix = "processed/", days = var.processed_days }
    staging    = { prefix = "staging/", days = var.staging_days }
    # What the event source mapping gave up; it chooses the keys.
    failed = { prefix = "aws/lambda/", days = var.failed_days }
  }
}

locals {
  # Every role may list the whole bucket. Without that right S3 answers 403 for an
  # object that is not there, and a condition on the prefix would take it away: a
  # read names no prefix.
  list_lake = {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [module.lake.arn]
  }

  # S3 encrypts and decrypts for the caller, Lambda the function's environment, and the
  # queue of dead letters what is sent to it: so a function that only reads has both.
  use_key = {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
}
