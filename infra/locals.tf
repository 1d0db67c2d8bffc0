locals {
  prefix     = "${var.project}-${var.environment}"
  account    = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.name
  partition  = data.aws_partition.current.partition
  repository = coalesce(var.repository_dir, "${path.module}/..")

  # Where the lake is, and the same as an ARN that a zone's name goes behind.
  lake_url = "s3://${module.lake.name}"
  lake_arn = "arn:${local.partition}:s3:::${module.lake.name}"

  # An ARN of this account and region: local.arn.lambda is `arn:aws:lambda:…:…`.
  arn = {
    for service in ["cloudwatch", "events", "glue", "lambda", "logs", "scheduler", "states"] :
    service => "arn:${local.partition}:${service}:${local.region}:${local.account}"
  }

  # Every function, by the name that the contract gives it.
  functions = merge(
    { transform = module.transform, alert = module.alert },
    module.day,
    local.warehouse_functions,
    module.api,
  )
}
