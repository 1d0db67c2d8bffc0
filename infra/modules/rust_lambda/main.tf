# A Rust function: its code from a zip file, its role and its log group.

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:The stream's shards, the state machines' maps and the API's rate limit bound concurrency; reserved concurrency would reduce that of the account's other functions
  #checkov:skip=CKV_AWS_117:The function calls AWS services over TLS and nothing in a private network; a VPC would need an endpoint for each service
  #checkov:skip=CKV_AWS_272:Packages come from a private, versioned bucket; code signing would prevent `cargo lambda deploy`
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
    # `cargo lambda deploy` and the commands of the output `roll_out` roll out new code;
    # an apply must not revert it.
    ignore_changes = [s3_bucket, s3_key, s3_object_version, source_code_hash]
  }

  # Lambda checks the role's permissions when it creates the function.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.async_max_age_seconds
  maximum_retry_attempts       = var.async_retries
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:The lake's ledger keeps the records that must last; logs are for diagnosis, and are billed by the gigabyte
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
