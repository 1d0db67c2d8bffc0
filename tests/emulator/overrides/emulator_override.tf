# What a stand-in for AWS needs that AWS does not; copied over infra/ by
# `cargo xtask integration`. Where it listens, it learns from AWS_ENDPOINT_URL.
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
