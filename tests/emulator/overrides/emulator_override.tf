# Provider settings for an AWS emulator; `cargo xtask integration` copies this file over
# infra/. AWS_ENDPOINT_URL has the endpoint.
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
