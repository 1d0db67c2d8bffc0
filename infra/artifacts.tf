# The packages of the functions. Each binary is uploaded once, even if several functions
# run it.
module "artifacts" {
  source = "./modules/bucket"

  name              = "${local.prefix}-artifacts-${local.account}"
  kms_key_arn       = aws_kms_key.this.arn
  noncurrent_days   = var.noncurrent_days
  force_destroy     = var.force_destroy
  access_log_bucket = var.access_log_bucket
}

locals {
  # The directories of lambdas/; a test of tests/tidy compares them.
  binaries = toset(concat(["transform", "daily", "marts", "alert"], var.warehouse_enabled ? ["load"] : [], var.api_enabled ? ["api"] : []))
  packages = { for binary in local.binaries : binary => "${var.packages_dir}/${binary}/bootstrap.zip" }
}

resource "aws_s3_object" "package" {
  for_each = local.packages

  bucket      = module.artifacts.name
  key         = "functions/${each.key}.zip"
  source      = each.value
  source_hash = fileexists(each.value) ? filemd5(each.value) : null

  lifecycle {
    precondition {
      condition     = fileexists(each.value)
      error_message = "${each.value} does not exist. Build the packages with `cargo xtask package`, or set packages_dir to their location."
    }
  }
}
