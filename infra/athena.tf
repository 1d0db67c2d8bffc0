# For people who ask. Results have a bucket of their own: whoever may query may write
# there, and must not be able to write packages.
module "results" {
  source = "./modules/bucket"

  name              = "${local.prefix}-results-${local.account}"
  kms_key_arn       = aws_kms_key.this.arn
  noncurrent_days   = 1
  force_destroy     = true
  access_log_bucket = var.access_log_bucket

  expirations = {
    athena-results = { prefix = "athena-results/", days = var.result_days }
  }
}

resource "aws_athena_workgroup" "this" {
  name          = local.prefix
  description   = "Queries of Marquee (${var.environment})"
  force_destroy = true

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.query_scan_limit_gib * pow(1024, 3)

    result_configuration {
      output_location = "s3://${module.results.name}/athena-results/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.this.arn
      }
    }
  }
}

locals {
  # By its path there: `views/daily.sql`.
  athena_directory = "${local.repository}/sql/athena"
  athena_files     = fileset(local.athena_directory, "{views,queries}/*.sql")
}

# The first line of a file, a comment, says what it is for.
resource "aws_athena_named_query" "this" {
  for_each = local.athena_files

  name        = trimsuffix(each.value, ".sql")
  description = trimprefix(split("\n", file("${local.athena_directory}/${each.value}"))[0], "-- ")
  workgroup   = aws_athena_workgroup.this.name
  database    = aws_glue_catalog_database.lake.name
  query       = replace(file("${local.athena_directory}/${each.value}"), "{database}", aws_glue_catalog_database.lake.name)
}
