locals {
  # Environment variables of every function.
  common_environment = merge(
    {
      MARQUEE_BUCKET               = module.lake.name
      MARQUEE_S3_PATH_STYLE        = tostring(var.aws_endpoint_url != null)
      MARQUEE_METRICS_NAMESPACE    = var.metrics_namespace
      MARQUEE_ALARMED_METRICS_ONLY = tostring(var.alarmed_metrics_only)
      MARQUEE_ENVIRONMENT          = var.environment
      RUST_LOG                     = var.log_level
    },
    var.aws_endpoint_url == null ? {} : { AWS_ENDPOINT_URL = var.aws_endpoint_url },
  )

  # The locations of the packages in the bucket.
  uploaded = {
    for binary, package in aws_s3_object.package : binary => {
      bucket  = package.bucket
      key     = package.key
      version = package.version_id
    }
  }
}
