# Athena for analysts. Query results have a bucket of their own, because analysts may write
# there and must not be able to write packages.
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
  # Relative paths, such as `views/all_events.sql`.
  athena_directory = "${local.repository}/sql/athena"
  athena_files     = fileset(local.athena_directory, "{views,queries}/*.sql")
}

# The first line of a file is a comment with the description of the query.
resource "aws_athena_named_query" "this" {
  for_each = local.athena_files

  name        = trimsuffix(each.value, ".sql")
  description = trimprefix(split("\n", file("${local.athena_directory}/${each.value}"))[0], "-- ")
  workgroup   = aws_athena_workgroup.this.name
  database    = aws_glue_catalog_database.lake.name
  query       = replace(file("${local.athena_directory}/${each.value}"), "{database}", aws_glue_catalog_database.lake.name)
}

# The policy for analysts: attach it to a person's role. Of the lake, it grants access to the
# tables only.
resource "aws_iam_policy" "analyst" {
  name        = "${local.prefix}-analyst"
  description = "Query ${aws_glue_catalog_database.lake.name} in Athena"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Query"
        Effect = "Allow"
        Action = [
          "athena:BatchGetNamedQuery", "athena:BatchGetQueryExecution", "athena:GetNamedQuery",
          "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetQueryResultsStream",
          "athena:GetWorkGroup", "athena:ListNamedQueries", "athena:ListQueryExecutions",
          "athena:StartQueryExecution", "athena:StopQueryExecution",
        ]
        Resource = aws_athena_workgroup.this.arn
      },
      {
        Sid    = "SeeTables"
        Effect = "Allow"
        Action = [
          "glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions",
          "glue:GetTable", "glue:GetTables",
        ]
        Resource = [
          "${local.arn.glue}:catalog",
          "${local.arn.glue}:database/${aws_glue_catalog_database.lake.name}",
          "${local.arn.glue}:table/${aws_glue_catalog_database.lake.name}/*",
        ]
      },
      {
        Sid      = "ListBuckets"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [module.lake.arn, module.results.arn]
      },
      {
        Sid      = "ReadTables"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for zone in ["raw", "quarantine", "processed", "curated"] : "${local.lake_arn}/${zone}/*"]
      },
      {
        Sid      = "KeepResults"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = "${module.results.arn}/athena-results/*"
      },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.this.arn
      },
    ]
  })
}
