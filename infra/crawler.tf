# An optional Glue crawler for raw, off by default. The tables of catalog.tf need no
# crawler. It writes to a database of its own, so it changes none of them.
resource "aws_glue_catalog_database" "crawled" {
  count = var.crawler_enabled ? 1 : 0

  name        = "${aws_glue_catalog_database.lake.name}_crawled"
  description = "Tables that the crawler found in raw"
}

resource "aws_glue_security_configuration" "crawler" {
  count = var.crawler_enabled ? 1 : 0

  name = "${local.prefix}-crawler"

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = aws_kms_key.this.arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = aws_kms_key.this.arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = aws_kms_key.this.arn
    }
  }
}

resource "aws_glue_crawler" "raw" {
  count = var.crawler_enabled ? 1 : 0

  name                   = "${local.prefix}-raw"
  description            = "Crawls raw on demand"
  database_name          = aws_glue_catalog_database.crawled[0].name
  role                   = aws_iam_role.crawler[0].arn
  security_configuration = aws_glue_security_configuration.crawler[0].name

  s3_target {
    path = "${local.lake_url}/raw/"
  }

  depends_on = [aws_iam_role_policy.crawler]
}

resource "aws_iam_role" "crawler" {
  count = var.crawler_enabled ? 1 : 0

  name        = "${local.prefix}-crawler"
  description = "Crawl raw and create tables"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "glue.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "crawler" {
  count = var.crawler_enabled ? 1 : 0

  name = "crawler"
  role = aws_iam_role.crawler[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ListLake"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = module.lake.arn
      },
      {
        Sid      = "ReadRaw"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.lake_arn}/raw/*"
      },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.this.arn
      },
      {
        Sid    = "WriteItsTables"
        Effect = "Allow"
        Action = [
          "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:BatchUpdatePartition",
          "glue:CreateTable", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions",
          "glue:GetTable", "glue:GetTables", "glue:UpdatePartition", "glue:UpdateTable",
        ]
        Resource = [
          "${local.arn.glue}:catalog",
          "${local.arn.glue}:database/${aws_glue_catalog_database.crawled[0].name}",
          "${local.arn.glue}:table/${aws_glue_catalog_database.crawled[0].name}/*",
        ]
      },
      {
        Sid    = "ReadSecurityConfiguration"
        Effect = "Allow"
        Action = "glue:GetSecurityConfiguration"
        # Glue has no resource type for it.
        Resource = "*"
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.arn.logs}:log-group:/aws-glue/*"
      },
    ]
  })
}
