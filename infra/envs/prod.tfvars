# A production deployment: automatic stream capacity, full batches, long retention.
environment = "prod"

# Automatic capacity. docs/COST.md compares its cost with that of a provisioned stream. For a
# fixed number of shards, set "PROVISIONED" and stream_shards.
stream_mode            = "ON_DEMAND"
stream_retention_hours = 168

# A window of five minutes fills batches, which saves the most cost. The tables of the
# current day are updated hourly, so the delay does not matter.
batch_window_seconds   = 300
parallelization_factor = 1

raw_days            = 400
raw_cold_after_days = 60
processed_days      = 180
quarantine_days     = 400
failed_days         = 400

hourly_schedule_enabled = true
freshness_hours         = 30
silence_hours           = 4

log_retention_days = 90
machine_log_level  = "ERROR"

monthly_budget_usd = 500
