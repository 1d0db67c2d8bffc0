output "name" {
  value = aws_s3_bucket.this.bucket

  # Other resources may use the bucket once it is private and encrypted.
  depends_on = [
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "arn" {
  value = aws_s3_bucket.this.arn
}

output "expirations" {
  description = "The expiration rules, for the tests."
  value       = var.expirations
}

output "policy" {
  description = "The bucket's policy, for the tests of rights."
  value       = aws_s3_bucket_policy.this.policy
}
