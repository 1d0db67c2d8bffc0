output "name" {
  value = aws_s3_bucket.this.bucket

  # A bucket is there for others once it is closed and encrypted.
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
  description = "What is removed by its age, as it was given."
  value       = var.expirations
}
