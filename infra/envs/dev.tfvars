# A development deployment: small, low latency, cheap, and removed by `terraform destroy`.
environment = "dev"

stream_mode   = "PROVISIONED"
stream_shards = 1

# One day is enough to fix a transform that nobody depends on. A week would cost more than the
# shard.
stream_retention_hours = 24

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

# Two runs an hour: the first tables exist within an hour of the first event. A run that
# starts at 03:00 would overlap with the daily one.
hourly_schedule         = "cron(15/30 * * * ? *)"
hourly_schedule_enabled = true

# The alarms that report lost, rejected or stale data, and the metrics that they evaluate.
alarm_set            = "essential"
alarmed_metrics_only = true
dashboard_enabled    = false

log_retention_days = 14
machine_log_level  = "ALL"

query_scan_limit_gib = 10
daily_scan_limit_gib = 50
