# The stream, the lake, the state machines, the alarms and the dashboard.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  environment  = "test"
  packages_dir = "tests/packages"

  whiches = { daily = "due", hourly = "today" }

  headings = [
    "Iterator age", "Stream throttles", "Function errors", "Function throttles", "Function duration", "Dead letters",
    "Failed batches", "Quarantine rate", "Freshness", "Execution failed", "Execution late",
    "Audit imbalance", "Held dates", "Athena bytes scanned", "API errors", "API latency",
  ]
}

run "defaults" {
  # The stream
  assert {
    condition     = aws_kinesis_stream.events.stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.events.shard_count == 1
    error_message = "The default stream must be provisioned with one shard."
  }

  assert {
    condition     = aws_kinesis_stream.events.retention_period >= 168 && aws_kinesis_stream.events.encryption_type == "KMS"
    error_message = "The stream must be encrypted and keep records for at least a week."
  }

  # Its event source mapping
  assert {
    condition     = aws_lambda_event_source_mapping.transform.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "The mapping must accept partial batch failures."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.transform.bisect_batch_on_function_error &&
      aws_lambda_event_source_mapping.transform.maximum_retry_attempts > 0 &&
      aws_lambda_event_source_mapping.transform.maximum_record_age_in_seconds > 0
    )
    error_message = "The mapping must bisect failing batches, and discard them before the stream drops the records."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.transform.destination_config[0].on_failure[0].destination_arn == module.lake.arn
    error_message = "The on-failure destination must be the lake's bucket, which receives the records."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.transform.starting_position == "TRIM_HORIZON"
    error_message = "The mapping must read records that were sent before it existed."
  }

  # The lake's lifecycle
  assert {
    condition = alltrue([
      for rule in module.lake.expirations : !anytrue([
        for kept in ["ledger/", "curated/", "reference/"] : startswith(kept, rule.prefix) || startswith(rule.prefix, kept)
      ])
    ])
    error_message = "No rule may expire the ledger, the curated tables or the title catalog: ${jsonencode(module.lake.expirations)}"
  }

  assert {
    condition = toset([for rule in module.lake.expirations : rule.prefix]) == toset([
      "raw/", "quarantine/", "processed/", "staging/", "aws/lambda/",
    ])
    error_message = "Every zone that expires must have a rule."
  }

  # The state machines
  assert {
    condition     = toset(keys(aws_sfn_state_machine.this)) == toset(["daily", "backfill", "replay"])
    error_message = "The state machines must be daily, backfill and replay."
  }

  assert {
    condition     = alltrue([for machine in aws_sfn_state_machine.this : can(jsondecode(machine.definition)) && !strcontains(machine.definition, "$${")])
    error_message = "Every definition must be valid JSON without placeholders."
  }

  assert {
    condition = jsonencode(local.machine_invokes) == jsonencode({
      daily = [
        "alert", "audit", "book", "check", "compact", "gather", "marts", "plan", "prepare", "publish", "split", "sweep",
      ]
      backfill = ["alert", "plan"]
      replay   = ["alert", "replay"]
    })
    error_message = "A machine may invoke only the functions that its definition names: ${jsonencode(local.machine_invokes)}"
  }

  assert {
    condition = alltrue([
      for names in local.machine_placeholders : length(setsubtract(names, keys(local.machine_variables))) == 0
    ])
    error_message = "Every placeholder of a definition must have a value."
  }

  # The schedule
  assert {
    condition = alltrue([
      for name, which in var.whiches :
      jsondecode(aws_scheduler_schedule.this[name].target[0].input).which == which &&
      strcontains(aws_scheduler_schedule.this[name].target[0].input, "\"<aws.scheduler.scheduled-time>\"")
    ])
    error_message = "The input must contain the placeholder of the scheduler literally."
  }

  assert {
    condition     = aws_scheduler_schedule.this["daily"].state == "ENABLED" && aws_scheduler_schedule.this["hourly"].state == "DISABLED"
    error_message = "By default only the daily schedule must be enabled."
  }

  # The alarms: 3 per function; 3 for failed executions; 2 each for late executions, freshness,
  # failed batches, dead letters, the API, and audit and held dates; 1 each for iterator age,
  # stream throttles, quarantine rate and Athena.
  assert {
    condition     = length(local.alarms) == length(local.functions) * 3 + 19
    error_message = "The number of alarms is ${length(local.alarms)}."
  }

  # crates/cost/tests/project.rs compares the number with the model.
  assert {
    condition     = sum(local.alarms[*].metrics) == 79
    error_message = "The alarms evaluate ${sum(local.alarms[*].metrics)} metrics."
  }

  assert {
    condition     = alltrue([for alarm in local.alarms : startswith(alarm.name, "marquee-test-")])
    error_message = "The name of an alarm must start with the prefix, because the rule selects alarms by it."
  }

  assert {
    condition     = length(distinct(local.alarms[*].name)) == length(local.alarms)
    error_message = "The names of alarms must be unique."
  }

  assert {
    condition     = toset([for alarm in local.alarms : try(split("Runbook: ", alarm.description)[1], "none")]) == toset(var.headings)
    error_message = "The alarms must name every heading of the runbook and no other: ${jsonencode(distinct([for alarm in local.alarms : try(split("Runbook: ", alarm.description)[1], alarm.name)]))}"
  }

  assert {
    condition     = alltrue([for alarm in local.alarms : strcontains(alarm.name, replace(lower(try(split("Runbook: ", alarm.description)[1], "?")), " ", "-"))])
    error_message = "The name of an alarm must contain its heading."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.freshness_unknown[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.execution_late[0].treat_missing_data == "breaching"
    error_message = "Missing data must raise the alarms on freshness and late executions."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.undelivered, aws_cloudwatch_metric_alarm.dead_letters] :
      alarm.alarm_actions == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "The alarms on dead letters must publish to the topic directly."
  }

  # Athena
  assert {
    condition = alltrue([
      for file, query in aws_athena_named_query.this :
      !strcontains(query.query, "{database}") && query.description != "" && !startswith(query.description, "SELECT")
    ])
    error_message = "A named query must name its database and have a description."
  }

  assert {
    condition     = length(aws_athena_named_query.this) == length(fileset("../sql/athena", "{views,queries}/*.sql"))
    error_message = "Every file of sql/athena must be a named query."
  }

  # The dashboard
  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets :
      widget.properties.markdown if widget.type == "text"
    ] == ["## Health", "## Latency", "## Rejected data", "## API", "## Load and cost"]
    error_message = "The dashboard must have its rows in order."
  }

  assert {
    condition     = length(aws_budgets_budget.month) == 0 && length(aws_glue_crawler.raw) == 0
    error_message = "By default there must be no budget and no crawler."
  }
}

run "other_choices" {
  command = plan

  variables {
    stream_mode             = "ON_DEMAND"
    daily_schedule_enabled  = false
    hourly_schedule_enabled = false
    monthly_budget_usd      = 100
    crawler_enabled         = true
    alert_emails            = ["one@example.com", "two@example.com"]
    architecture            = "arm64"
    access_log_bucket       = "logs-of-ours"
    sizes                   = { compact = { memory_mib = 6000 } }
    anomaly_alerts_enabled  = false
  }

  assert {
    condition     = aws_kinesis_stream.events.shard_count == null && aws_kinesis_stream.events.stream_mode_details[0].stream_mode == "ON_DEMAND"
    error_message = "An on-demand stream must have no number of shards."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : schedule.state == "DISABLED"])
    error_message = "A disabled schedule must not fire."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.freshness_unknown) == 0 && length(aws_cloudwatch_metric_alarm.execution_late) == 0
    error_message = "Without schedules, the absence of runs must raise no alarm."
  }

  assert {
    condition     = length(aws_budgets_budget.month) == 1 && one(aws_budgets_budget.month[0].cost_filter).values == tolist(["user:Project$marquee"])
    error_message = "The budget must count resources with the project's tag."
  }

  assert {
    condition     = aws_glue_crawler.raw[0].database_name == "marquee_test_crawled"
    error_message = "The crawler must have a database of its own."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 2
    error_message = "Every address must have a subscription."
  }

  assert {
    condition     = module.lake.expirations["raw"].prefix == "raw/" && module.lake.expirations["failed"].prefix == "aws/lambda/"
    error_message = "The rules must apply to prefixes at the root of the bucket, including the prefix of discarded batches."
  }

  assert {
    condition     = module.day["compact"].environment["MARQUEE_MEMORY_MIB"] == "3600"
    error_message = "MARQUEE_MEMORY_MIB must grow with the memory of the function."
  }

  assert {
    condition     = module.day["audit"].environment["MARQUEE_ANOMALY_ALERTS"] == "false"
    error_message = "One variable must turn the alerts on anomalies off."
  }
}

# The settings of envs/dev.tfvars for monitoring.
run "essential_monitoring" {
  variables {
    alarm_set            = "essential"
    alarmed_metrics_only = true
    dashboard_enabled    = false
  }

  # crates/cost/tests/project.rs compares the number of metrics with the model.
  assert {
    condition     = sum(local.alarms[*].metrics) == 13
    error_message = "The alarms evaluate ${sum(local.alarms[*].metrics)} metrics."
  }

  assert {
    condition = toset([for alarm in local.alarms : trimprefix(alarm.name, "marquee-test-")]) == toset([
      "iterator-age", "quarantine-rate", "failed-batches", "given-up-failed-batches", "freshness", "execution-late",
      "audit-imbalance", "held-dates", "dead-letters", "undelivered-dead-letters", "alert-function-errors",
    ])
    error_message = "The essential alarms are ${jsonencode(local.alarms[*].name)}."
  }

  assert {
    condition     = module.alert.alarms[0].arn == local.direct_alarms[0]
    error_message = "The alarm of the alert function must publish to the topic directly."
  }

  assert {
    condition     = alltrue([for function in local.functions : function.environment["MARQUEE_ALARMED_METRICS_ONLY"] == "true"])
    error_message = "Every function must publish only the metrics that alarms evaluate."
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0 && output.dashboard_url == null
    error_message = "There must be no dashboard."
  }
}

run "raw_outlives_processed" {
  command = plan

  variables {
    raw_days       = 100
    processed_days = 100
  }

  expect_failures = [var.raw_days]
}

run "unneeded_files_are_kept_for_a_day" {
  command = plan

  variables {
    keep_days = 0
  }

  expect_failures = [var.keep_days]
}

run "a_batch_is_given_up_while_the_stream_has_it" {
  command = plan

  variables {
    batch_max_age_seconds = 604800
  }

  expect_failures = [var.batch_max_age_seconds]
}

run "a_day_is_kept" {
  command = plan

  variables {
    stream_retention_hours = 23
  }

  expect_failures = [var.stream_retention_hours]
}

run "packages_are_built_first" {
  command = plan

  variables {
    packages_dir = "tests/nowhere"
  }

  expect_failures = [aws_s3_object.package]
}
