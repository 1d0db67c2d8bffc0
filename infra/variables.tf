# --- names and location

variable "project" {
  description = "Prefix of every resource name."
  type        = string
  default     = "marquee"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.project))
    error_message = "project must be 3 to 20 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "environment" {
  description = "Name of the deployment, such as dev or prod: part of every resource name, and a dimension of the metrics."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters and digits, and start with a letter."
  }
}

variable "region" {
  description = "AWS region; null for the region of the session (AWS_REGION)."
  type        = string
  default     = null
}

variable "repository_dir" {
  description = "Directory that contains state_machines/ and sql/; null for the parent directory."
  type        = string
  default     = null
}

variable "packages_dir" {
  description = "Directory of the packages that cargo lambda builds: {binary}/bootstrap.zip."
  type        = string
  default     = "../target/lambda"
}

variable "architecture" {
  description = "Architecture of the packages: x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "aws_endpoint_url" {
  description = "Endpoint of an AWS emulator, as the functions reach it; null on AWS. Sets AWS_ENDPOINT_URL and path-style S3 requests."
  type        = string
  default     = null
}

# --- the stream and its event source mapping

variable "stream_mode" {
  description = "Capacity mode: PROVISIONED with stream_shards shards, or ON_DEMAND, which scales automatically and costs more (docs/COST.md)."
  type        = string
  default     = "PROVISIONED"

  validation {
    condition     = contains(["ON_DEMAND", "PROVISIONED"], var.stream_mode)
    error_message = "stream_mode must be ON_DEMAND or PROVISIONED."
  }
}

variable "stream_shards" {
  description = "Number of shards of a provisioned stream. Each accepts 1 MB or 1,000 records a second: about 12,000 events a second from the producer."
  type        = number
  default     = 1
}

variable "stream_retention_hours" {
  description = "Retention of the stream in hours: the time to fix a failing transform. Keep a week in production; a provisioned shard costs more than twice as much above 24 hours."
  type        = number
  default     = 168

  validation {
    condition     = var.stream_retention_hours >= 24 && var.stream_retention_hours <= 8760
    error_message = "stream_retention_hours must be 24 to 8760."
  }
}

variable "batch_size" {
  description = "Maximum records of a batch; a payload of 6 MB ends it earlier."
  type        = number
  default     = 10000
}

variable "batch_window_seconds" {
  description = "Batching window in seconds, up to 300."
  type        = number
  default     = 60

  validation {
    condition     = var.batch_window_seconds >= 0 && var.batch_window_seconds <= 300
    error_message = "batch_window_seconds must be 0 to 300."
  }
}

variable "parallelization_factor" {
  description = "Concurrent batches per shard, 1 to 10."
  type        = number
  default     = 1
}

variable "batch_retries" {
  description = "Maximum retries of a failing batch, which blocks its shard meanwhile."
  type        = number
  default     = 50
}

variable "batch_max_age_seconds" {
  description = "Maximum age of a record in seconds before its batch is discarded. Keep it well below the stream's retention."
  type        = number
  default     = 43200

  validation {
    condition     = var.batch_max_age_seconds >= 60 && var.batch_max_age_seconds < var.stream_retention_hours * 3600
    error_message = "batch_max_age_seconds must be at least 60 and less than the stream's retention: the on-failure destination cannot store records that the stream has dropped."
  }
}

variable "raw_zone" {
  description = "Store every unit verbatim in raw. Without raw, nothing can be rebuilt."
  type        = bool
  default     = true
}

variable "max_future_seconds" {
  description = "Maximum seconds that an event's time may be ahead of its arrival."
  type        = number
  default     = 3600
}

variable "max_age_days" {
  description = "Maximum days that an event's time may be behind its arrival."
  type        = number
  default     = 400
}

# --- the lake

variable "raw_days" {
  description = "Retention of raw in days. Must exceed processed_days, because processed is rebuilt from raw."
  type        = number
  default     = 400

  validation {
    condition     = var.raw_days > var.processed_days
    error_message = "raw_days must be greater than processed_days: processed is rebuilt from raw."
  }
}

variable "raw_cold_after_days" {
  description = "Days until raw moves to the infrequent access class, at least 30; 0 for never."
  type        = number
  default     = 60

  validation {
    condition     = var.raw_cold_after_days == 0 || (var.raw_cold_after_days >= 30 && var.raw_cold_after_days < var.raw_days)
    error_message = "raw_cold_after_days must be 0, or at least 30 (a limit of S3) and less than raw_days."
  }
}

variable "processed_days" {
  description = "Retention of processed in days. Curated events never expire."
  type        = number
  default     = 180
}

variable "quarantine_days" {
  description = "Retention of quarantine in days, for replays."
  type        = number
  default     = 400
}

variable "failed_days" {
  description = "Retention of discarded batches in days. After the stream's retention they are the only copy."
  type        = number
  default     = 400
}

variable "staging_days" {
  description = "Retention of staging objects in days. `sweep` deletes them earlier; this limit applies when no run takes place."
  type        = number
  default     = 30

  validation {
    condition     = var.staging_days > var.keep_days
    error_message = "staging_days must be greater than keep_days: a run in progress needs its files."
  }
}

variable "noncurrent_days" {
  description = "Days that replaced and deleted versions of objects are kept."
  type        = number
  default     = 30
}

variable "access_log_bucket" {
  description = "Name of an existing bucket for S3 access logs; null for none."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "If true, `terraform destroy` also deletes the lake's objects."
  type        = bool
  default     = false
}

variable "key_deletion_days" {
  description = "Days until a destroyed key is deleted for good, 7 to 30."
  type        = number
  default     = 30
}

# --- the daily pipeline

variable "receipt_days" {
  description = "Days of receipts that a plan reads, counted from the newest receipt."
  type        = number
  default     = 400
}

variable "bucket_rows" {
  description = "Approximate rows of a bucket of users. A larger date is compacted in several buckets."
  type        = number
  default     = 8000000
}

variable "part_rows" {
  description = "Approximate rows that one call of `split` divides into buckets. A larger date is split in several parts."
  type        = number
  default     = 20971520
}

variable "keep_days" {
  description = "Days that files without a generation are kept. Must be longer than the longest query and the longest run."
  type        = number
  default     = 7

  validation {
    condition     = var.keep_days >= 1 && var.keep_days <= 36500 && floor(var.keep_days) == var.keep_days
    error_message = "keep_days must be a whole number from 1 to 36500: a query or a run in progress needs its files."
  }
}

variable "dates_side_by_side" {
  description = "Number of dates that are compacted concurrently."
  type        = number
  default     = 4
}

variable "buckets_side_by_side" {
  description = "Number of parts or buckets of a date that are processed concurrently."
  type        = number
  default     = 20
}

variable "sizes" {
  description = "Overrides of memory, timeout and /tmp by function name; sizes.tf has the defaults."
  type = map(object({
    memory_mib      = optional(number)
    timeout_seconds = optional(number)
    ephemeral_mib   = optional(number)
  }))
  default = {}
}

variable "daily_schedule" {
  description = "Schedule of the daily run as an EventBridge Scheduler expression (UTC)."
  type        = string
  default     = "cron(0 3 * * ? *)"
}

variable "daily_schedule_enabled" {
  description = "Enable the daily schedule."
  type        = bool
  default     = true
}

variable "hourly_schedule" {
  description = "Schedule of the runs for the current day as an EventBridge Scheduler expression (UTC)."
  type        = string
  default     = "cron(30 * * * ? *)"
}

variable "hourly_schedule_enabled" {
  description = "Enable the hourly schedule, which processes the current day, and in its first hour the previous day."
  type        = bool
  default     = false
}

# --- logs, alarms, recipients

variable "metrics_namespace" {
  description = "CloudWatch namespace of the pipeline's own metrics."
  type        = string
  default     = "Marquee"
}

variable "alarmed_metrics_only" {
  description = "If true, only the pipeline's own metrics that an alarm evaluates are published to CloudWatch; the functions' logs have the values of the others. CloudWatch bills each metric."
  type        = bool
  default     = false
}

variable "alarm_set" {
  description = "Alarms to create: all, or essential for those that report lost, rejected, stale or unbalanced data and undelivered alerts. CloudWatch bills each metric that an alarm evaluates."
  type        = string
  default     = "all"

  validation {
    condition     = contains(["all", "essential"], var.alarm_set)
    error_message = "alarm_set must be all or essential."
  }
}

variable "dashboard_enabled" {
  description = "Create the dashboard. CloudWatch bills each dashboard beyond the free tier."
  type        = bool
  default     = true
}

variable "log_level" {
  description = "RUST_LOG of the functions: info, or directives such as info,marquee_ingest=debug."
  type        = string
  default     = "info"
}

variable "log_retention_days" {
  description = "Retention of logs in days; one of the values that CloudWatch allows."
  type        = number
  default     = 90
}

variable "machine_log_level" {
  description = "Log level of the state machines: ALL, ERROR, FATAL or OFF."
  type        = string
  default     = "ERROR"

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.machine_log_level)
    error_message = "machine_log_level must be ALL, ERROR, FATAL or OFF."
  }
}

variable "alert_emails" {
  description = "Email addresses that receive alerts. Each recipient must confirm the subscription once."
  type        = list(string)
  default     = []
}

variable "alert_window_minutes" {
  description = "Deduplication window in minutes: the same incident sends another message only after this time."
  type        = number
  default     = 60
}

variable "runbook_url" {
  description = "Address of docs/OPERATIONS.md; alerts link to its headings."
  type        = string
  default     = ""
}

variable "iterator_age_minutes" {
  description = "Lag of the transform behind the stream in minutes above which an alarm is raised."
  type        = number
  default     = 15
}

variable "quarantine_percent" {
  description = "Percentage of rejected units above which an alarm is raised."
  type        = number
  default     = 5
}

variable "anomaly_alerts_enabled" {
  description = "Send an alert if a date's figures are far from those of the same weekday in the four weeks before."
  type        = bool
  default     = true
}

variable "anomaly_volume_percent" {
  description = "Deviation of a date's events from the usual number in percent above which an alert is sent."
  type        = number
  default     = 50
}

variable "anomaly_rejected_points" {
  description = "Deviation of the share of rejected units from the usual share in percentage points above which an alert is sent."
  type        = number
  default     = 1
}

variable "anomaly_vanished_percent" {
  description = "Usual share in percent, of a title in the views or of a country in the events, from which an alert is sent when it has none."
  type        = number
  default     = 1
}

variable "anomaly_min_events" {
  description = "Usual number of events, views or units below which the figures of a date are not compared."
  type        = number
  default     = 1000
}

variable "freshness_hours" {
  description = "Age in hours of the oldest unpublished arrival at the start of a run above which an alarm is raised. An event that arrives just after a run waits for the next one, so allow a day plus the duration of a run."
  type        = number
  default     = 36
}

variable "silence_hours" {
  description = "Hours without a run, or without a successful run, after which an alarm is raised, up to 168."
  type        = number
  default     = 26

  validation {
    condition     = var.silence_hours >= 1 && var.silence_hours <= 168
    error_message = "silence_hours must be 1 to 168: CloudWatch evaluates at most one week."
  }
}

variable "execution_minutes" {
  description = "Duration of an execution of `daily` in minutes above which an alarm is raised."
  type        = number
  default     = 120
}

variable "result_days" {
  description = "Retention of query results in days."
  type        = number
  default     = 7
}

variable "query_scan_limit_gib" {
  description = "GiB that a single query may scan before Athena stops it."
  type        = number
  default     = 100
}

variable "daily_scan_limit_gib" {
  description = "GiB scanned in a day above which an alarm is raised."
  type        = number
  default     = 500
}

variable "monthly_budget_usd" {
  description = "Monthly budget in US dollars; 0 for no budget."
  type        = number
  default     = 0
}

variable "crawler_enabled" {
  description = "Create a Glue crawler for raw, with a database of its own."
  type        = bool
  default     = false
}
