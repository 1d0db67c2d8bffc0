# The lake. `ledger/`, `curated/` and `reference/` have no expiration rule: they hold the
# books, the published tables and the title catalog. Only `sweep` deletes from curated.
# The lake has a bucket of its own: on-failure destinations write at the root of a bucket,
# and the audit looks there for discarded batches.
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
    # Batches that the event source mapping discarded. Lambda chooses the keys.
    failed = { prefix = "aws/lambda/", days = var.failed_days }
  }
}

locals {
  # Every role may list the whole bucket. Without this permission, S3 answers 403 instead of
  # 404 for a missing object. A condition on the prefix would remove the permission, because
  # a read has no prefix.
  list_lake = {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [module.lake.arn]
  }

  # S3 encrypts and decrypts objects with the caller's permissions. Lambda decrypts the
  # environment variables, and the dead letter queue encrypts messages. So even a function
  # that only reads needs both actions.
  use_key = {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
}
