# Sized by itself, filled well, kept long.
environment = "prod"

# Sized by itself, for a third more (docs/COST.md); with shards that are counted,
# "PROVISIONED" and stream_shards.
stream_mode            = "ON_DEMAND"
stream_retention_hours = 168

# Five minutes fill batches, which is where the money is. The day's tables of the day
# that is going on are made each hour, so it is felt by nobody.
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
