# --- what it is called, and where it stands

variable "project" {
  description = "What everything's name begins with."
  type        = string
  default     = "marquee"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.project))
    error_message = "project is 3 to 20 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "environment" {
  description = "Which deployment this is: part of every name, and a dimension of the metrics."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment is 2 to 10 small letters and digits, like dev or prod."
  }
}

variable "region" {
  description = "The region; null for that of the session (AWS_REGION)."
  type        = string
  default     = null
}

variable "repository_dir" {
  description = "The directory that holds state_machines/ and sql/; null for the one above this."
  type        = string
  default     = null
}

variable "packages_dir" {
  description = "Where cargo lambda leaves the packages: {binary}/bootstrap.zip."
  type        = string
  default     = "../target/lambda"
}

variable "architecture" {
  description = "What the packages were built for: x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "aws_endpoint_url" {
  description = "Where a stand-in for AWS listens, as the functions reach it; null on AWS. It becomes their AWS_ENDPOINT_URL, and buckets go into the path."
  type        = string
  default     = null
}

# --- the stream and its event source mapping

variable "stream_mode" {
  description = "PROVISIONED for stream_shards shards, or ON_DEMAND for as many as it takes, which costs more (docs/COST.md)."
  type        = string
  default     = "PROVISIONED"

  validation {
    condition     = contains(["ON_DEMAND", "PROVISIONED"], var.stream_mode)
    error_message = "stream_mode is ON_DEMAND or PROVISIONED."
  }
}

variable "stream_shards" {
  description = "Shards of a provisioned stream: 1 MB or 1,000 records a second each, which is some 12,000 events a second of the producer's."
  type        = number
  default     = 1
}

variable "stream_retention_hours" {
  description = "Hours that the stream keeps records: the time there is to mend a transform that fails."
  type        = number
  default     = 168

  validation {
    condition     = var.stream_retention_hours >= 168 && var.stream_retention_hours <= 8760
    error_message = "stream_retention_hours is 168 (a week) to 8760."
  }
}

variable "batch_size" {
  description = "Records of a batch at most; 6 MB of payload end it earlier."
  type        = number
  default     = 10000
}

variable "batch_window_seconds" {
  description = "Seconds that the mapping waits for a batch to fill, up to 300."
  type        = number
  default     = 60

  validation {
    condition     = var.batch_window_seconds >= 0 && var.batch_window_seconds <= 300
    error_message = "batch_window_seconds is 0 to 300."
  }
}

variable "parallelization_factor" {
  description = "Batches of one shard side by side, 1 to 10."
  type        = number
  default     = 1
}

variable "batch_retries" {
  description = "How often a batch that fails is tried again. It blocks its shard meanwhile."
  type        = number
  default     = 50
}

variable "batch_max_age_seconds" {
  description = "How old a record may become before its batch is given up; well below the stream's retention."
  type        = number
  default     = 43200

  validation {
    condition     = var.batch_max_age_seconds >= 60 && var.batch_max_age_seconds < var.stream_retention_hours * 3600
    error_message = "batch_max_age_seconds is at least 60, and less than the stream keeps records: what the stream dropped can no longer be kept elsewhere."
  }
}

variable "raw_zone" {
  description = "Whether every unit is kept verbatim. Without it nothing can be rebuilt from raw."
  type        = bool
  default     = true
}

variable "max_future_seconds" {
  description = "How far ahead of its arrival an event's time may lie."
  type        = number
  default     = 3600
}

variable "max_age_days" {
  description = "How far behind its arrival an event's time may lie."
  type        = number
  default     = 400
}

# --- the lake

variable "raw_days" {
  description = "Days that raw stays. It outlives processed, which is rebuilt from it."
  type        = number
  default     = 400

  validation {
    condition     = var.raw_days > var.processed_days
    error_message = "raw_days is more than processed_days: processed is rebuilt from raw."
  }
}

variable "raw_cold_after_days" {
  description = "Days after which raw goes to the infrequent access class, 30 or more; 0 for never."
  type        = number
  default     = 60

  validation {
    condition     = var.raw_cold_after_days == 0 || (var.raw_cold_after_days >= 30 && var.raw_cold_after_days < var.raw_days)
    error_message = "raw_cold_after_days is 0, or at least 30, which S3 asks for, and less than raw_days."
  }
}

variable "processed_days" {
  description = "Days that processed stays. Curated events are never expired."
  type        = number
  default     = 180
}

variable "quarantine_days" {
  description = "Days that refused units stay, to be replayed."
  type        = number
  default     = 400
}

variable "failed_days" {
  description = "Days that a batch stays that the event source mapping gave up: past the stream's retention it is the only copy."
  type        = number
  default     = 400
}

variable "staging_days" {
  description = "Days that what passes between steps stays. `sweep` is earlier; this is for where no run comes."
  type        = number
  default     = 30

  validation {
    condition     = var.staging_days > var.keep_days
    error_message = "staging_days is more than keep_days: a run that is under way needs its files."
  }
}

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version of an object stays."
  type        = number
  default     = 30
}

variable "access_log_bucket" {
  description = "A bucket of yours for S3 access logs; null for none."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may take the lake's objects along."
  type        = bool
  default     = false
}

variable "key_deletion_days" {
  description = "Days between the destruction of the key and the end of it, 7 to 30."
  type        = number
  default     = 30
}

# --- the day

variable "receipt_days" {
  description = "Receipts older than this, counted from the newest, are not looked at."
  type        = number
  default     = 400
}

variable "bucket_rows" {
  description = "Rows of a bucket of users, about: a date of more is compacted in several."
  type        = number
  default     = 8000000
}

variable "part_rows" {
  description = "Rows that a call of `split` divides into buckets, about: a date of more is divided in several parts."
  type        = number
  default     = 20971520
}

variable "keep_days" {
  description = "Days that files stay which no generation needs: longer than the longest query and the longest run."
  type        = number
  default     = 7
}

variable "dates_side_by_side" {
  description = "How many dates are compacted at a time."
  type        = number
  default     = 4
}

variable "buckets_side_by_side" {
  description = "How many parts of a date are divided, or buckets compacted, at a time."
  type        = number
  default     = 20
}

variable "sizes" {
  description = "Memory, timeout and /tmp of functions that need others than sizes.tf gives, by their names."
  type = map(object({
    memory_mib      = optional(number)
    timeout_seconds = optional(number)
    ephemeral_mib   = optional(number)
  }))
  default = {}
}

variable "daily_schedule" {
  description = "When everything due is made, in EventBridge Scheduler's words (UTC)."
  type        = string
  default     = "cron(0 3 * * ? *)"
}

variable "daily_schedule_enabled" {
  description = "Whether the day is made by itself."
  type        = bool
  default     = true
}

variable "hourly_schedule" {
  description = "When the day that is going on is made."
  type        = string
  default     = "cron(30 * * * ? *)"
}

variable "hourly_schedule_enabled" {
  description = "Whether the day that is going on is made by itself."
  type        = bool
  default     = false
}

# --- logs, alarms, people

variable "metrics_namespace" {
  description = "The CloudWatch namespace of the functions' own metrics."
  type        = string
  default     = "Marquee"
}

variable "log_level" {
  description = "RUST_LOG of the functions: info, or directives like info,marquee_day=debug."
  type        = string
  default     = "info"
}

variable "log_retention_days" {
  description = "Days that logs stay, one of CloudWatch's numbers."
  type        = number
  default     = 90
}

variable "machine_log_level" {
  description = "What the state machines log: ALL, ERROR, FATAL or OFF."
  type        = string
  default     = "ERROR"

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.machine_log_level)
    error_message = "machine_log_level is ALL, ERROR, FATAL or OFF."
  }
}

variable "alert_emails" {
  description = "Who is told. Each address has to confirm once."
  type        = list(string)
  default     = []
}

variable "alert_window_minutes" {
  description = "The same incident is told again after this time at the earliest."
  type        = number
  default     = 60
}

variable "runbook_url" {
  description = "Where docs/OPERATIONS.md is read; alerts link to its headings."
  type        = string
  default     = ""
}

variable "iterator_age_minutes" {
  description = "How far behind the stream the transform may be."
  type        = number
  default     = 15
}

variable "quarantine_percent" {
  description = "How many of a hundred units may be refused."
  type        = number
  default     = 5
}

variable "freshness_hours" {
  description = "How old the oldest arrival may be that no published table has, when a run begins. An event that came just after a run waits for the next: a day and what the day before it takes."
  type        = number
  default     = 36
}

variable "silence_hours" {
  description = "Hours within which a run must have begun and one must have succeeded, up to 168."
  type        = number
  default     = 26

  validation {
    condition     = var.silence_hours >= 1 && var.silence_hours <= 168
    error_message = "silence_hours is 1 to 168: CloudWatch looks back a week at most."
  }
}

variable "execution_minutes" {
  description = "How long an execution of `daily` may take."
  type        = number
  default     = 120
}

variable "result_days" {
  description = "Days that query results stay."
  type        = number
  default     = 7
}

variable "query_scan_limit_gib" {
  description = "GiB that one query may scan before it is stopped."
  type        = number
  default     = 100
}

variable "daily_scan_limit_gib" {
  description = "GiB scanned in a day that are an alarm."
  type        = number
  default     = 500
}

variable "monthly_budget_usd" {
  description = "What a month may cost in US dollars; 0 for no budget."
  type        = number
  default     = 0
}

variable "crawler_enabled" {
  description = "Whether there is a Glue crawler for raw, with a database of its own."
  type        = bool
  default     = false
}
