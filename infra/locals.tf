locals {
  prefix     = "${var.project}-${var.environment}"
  account    = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.name
  partition  = data.aws_partition.current.partition
  repository = coalesce(var.repository_dir, "${path.module}/..")

  # The lake as a URL, and as an ARN to which a key prefix can be appended.
  lake_url = "s3://${module.lake.name}"
  lake_arn = "arn:${local.partition}:s3:::${module.lake.name}"

  # ARN prefixes of this account and region: local.arn.lambda is `arn:aws:lambda:…:…`.
  arn = {
    for service in ["cloudwatch", "events", "glue", "lambda", "logs", "scheduler", "states"] :
    service => "arn:${local.partition}:${service}:${local.region}:${local.account}"
  }

  # All functions by their names in docs/adr/0006-on-aws.md.
  functions = merge(
    { transform = module.transform, alert = module.alert },
    module.day,
    local.warehouse_functions,
    module.api,
  )
}
