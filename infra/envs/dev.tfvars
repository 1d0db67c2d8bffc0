# A development deployment: small, low latency, cheap, and removed by `terraform destroy`.
environment = "dev"

stream_mode   = "PROVISIONED"
stream_shards = 1

# Prefer low latency to full batches.
batch_window_seconds = 30

raw_days            = 30
raw_cold_after_days = 0
processed_days      = 14
quarantine_days     = 30
failed_days         = 30
staging_days        = 14
noncurrent_days     = 3
force_destroy       = true
key_deletion_days   = 7

log_retention_days = 14
machine_log_level  = "ALL"

query_scan_limit_gib = 10
daily_scan_limit_gib = 50
