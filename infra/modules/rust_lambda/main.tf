# A Rust function: its code from a zip, its role, its log group.

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:Concurrency is bounded by the stream's shards, the state machines' maps and the API's rate; reserving takes it away from the account's other functions
  #checkov:skip=CKV_AWS_117:It reaches AWS' own services over TLS and nothing in a network of ours; a VPC would need an endpoint for each
  #checkov:skip=CKV_AWS_272:Packages come from a private, versioned bucket; signing would shut out `cargo lambda deploy`
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this.arn

  s3_bucket         = var.package.bucket
  s3_key            = var.package.key
  s3_object_version = var.package.version
  package_type      = "Zip"
  runtime           = "provided.al2023"
  handler           = "bootstrap"
  architectures     = [var.architecture]

  memory_size = var.memory_mib
  timeout     = var.timeout_seconds
  kms_key_arn = var.kms_key_arn

  ephemeral_storage {
    size = var.ephemeral_mib
  }

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = "Active"
  }

  dead_letter_config {
    target_arn = var.dead_letter_arn
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  lifecycle {
    # New code is rolled out beside Terraform, by `cargo lambda deploy` or the
    # commands of the output `roll_out`; an apply must not take it back.
    ignore_changes = [s3_bucket, s3_key, s3_object_version, source_code_hash]
  }

  # Lambda tries the role's rights when it makes the function.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.async_max_age_seconds
  maximum_retry_attempts       = var.async_retries
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:What must be kept is in the lake's ledger; logs are for finding a fault, and cost by the gigabyte
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
