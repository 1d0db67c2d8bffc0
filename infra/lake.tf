# The lake. `ledger/`, `curated/` and `reference/` have no rule: they are the books,
# what is published and what it is made with, and only `sweep` removes of curated.
module "lake" {
  source = "./modules/bucket"

  name              = "${local.prefix}-lake-${local.account}"
  kms_key_arn       = aws_kms_key.this.arn
  noncurrent_days   = var.noncurrent_days
  force_destroy     = var.force_destroy
  access_log_bucket = var.access_log_bucket

  expirations = {
    raw        = { prefix = "${local.lake_folder}raw/", days = var.raw_days, cold_after_days = var.raw_cold_after_days }
    quarantine = { prefix = "${local.lake_folder}quarantine/", days = var.quarantine_days }
    processed  = { prefix = "${local.lake_folder}processed/", days = var.processed_days }
    staging    = { prefix = "${local.lake_folder}staging/", days = var.staging_days }
    # What the event source mapping gave up; it writes at the bucket's root.
    failed = { prefix = "aws/lambda/", days = var.failed_days }
  }
}

locals {
  lake_folder = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"

  # Every role may list the whole bucket. Without that right S3 answers 403 for an
  # object that is not there, and a condition on the prefix would take it away: a
  # read names no prefix.
  list_lake = {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [module.lake.arn]
  }

  # S3 encrypts and decrypts for the caller, and Lambda the function's environment.
  use_key = {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
}
