# The stream, the lake, the machines, the alarms: what was promised of each.

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
    error_message = "The stream is the cheapest there is."
  }

  assert {
    condition     = aws_kinesis_stream.events.retention_period >= 168 && aws_kinesis_stream.events.encryption_type == "KMS"
    error_message = "The stream keeps a week, encrypted."
  }

  # Its event source mapping
  assert {
    condition     = aws_lambda_event_source_mapping.transform.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "What the transform answers of single records is heard."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.transform.bisect_batch_on_function_error &&
      aws_lambda_event_source_mapping.transform.maximum_retry_attempts > 0 &&
      aws_lambda_event_source_mapping.transform.maximum_record_age_in_seconds > 0
    )
    error_message = "A batch that fails is halved, and given up before the stream drops it."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.transform.destination_config[0].on_failure[0].destination_arn == module.lake.arn
    error_message = "What is given up goes to the lake's bucket with its records."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.transform.starting_position == "TRIM_HORIZON"
    error_message = "What was sent before the mapping came is read."
  }

  # The lake's lifecycle
  assert {
    condition = alltrue([
      for rule in module.lake.expirations : !anytrue([
        for kept in ["ledger/", "curated/", "reference/"] : startswith(kept, rule.prefix) || startswith(rule.prefix, kept)
      ])
    ])
    error_message = "No rule expires the ledger, curated tables or the catalogue: ${jsonencode(module.lake.expirations)}"
  }

  assert {
    condition = toset([for rule in module.lake.expirations : rule.prefix]) == toset([
      "raw/", "quarantine/", "processed/", "staging/", "aws/lambda/",
    ])
    error_message = "Every zone that passes has its rule."
  }

  # The machines
  assert {
    condition     = toset(keys(aws_sfn_state_machine.this)) == toset(["daily", "backfill", "replay"])
    error_message = "The machines are the contract's."
  }

  assert {
    condition     = alltrue([for machine in aws_sfn_state_machine.this : can(jsondecode(machine.definition)) && !strcontains(machine.definition, "$${")])
    error_message = "Every definition is JSON with nothing left to be filled in."
  }

  assert {
    condition = jsonencode(local.machine_invokes) == jsonencode({
      daily = [
        "alert", "audit", "book", "check", "compact", "gather", "marts", "plan", "prepare", "publish", "split", "sweep",
      ]
      backfill = ["alert", "plan"]
      replay   = ["alert", "replay"]
    })
    error_message = "A machine may invoke what its definition names: ${jsonencode(local.machine_invokes)}"
  }

  assert {
    condition = alltrue([
      for names in local.machine_placeholders : length(setsubtract(names, keys(local.machine_variables))) == 0
    ])
    error_message = "Every placeholder of a definition is supplied."
  }

  # The schedule
  assert {
    condition = alltrue([
      for name, which in var.whiches :
      jsondecode(aws_scheduler_schedule.this[name].target[0].input).which == which &&
      strcontains(aws_scheduler_schedule.this[name].target[0].input, "\"<aws.scheduler.scheduled-time>\"")
    ])
    error_message = "The scheduler fills in its time only where it is written letter for letter."
  }

  assert {
    condition     = aws_scheduler_schedule.this["daily"].state == "ENABLED" && aws_scheduler_schedule.this["hourly"].state == "DISABLED"
    error_message = "The day is made once a day."
  }

  # The alarms: 3 of each function; of the whole 3 of failed executions and 2 each of
  # late ones, freshness, failed batches, dead letters, the API and what was found, and
  # iterator age, stream throttles, quarantine rate, Athena.
  assert {
    condition     = length(local.alarms) == length(local.functions) * 3 + 19
    error_message = "There are ${length(local.alarms)} alarms."
  }

  assert {
    condition     = alltrue([for alarm in local.alarms : startswith(alarm.name, "marquee-test-")])
    error_message = "An alarm's name begins with the prefix: by it the rule finds it."
  }

  assert {
    condition     = length(distinct(local.alarms[*].name)) == length(local.alarms)
    error_message = "Two alarms of one name would be one."
  }

  assert {
    condition     = toset([for alarm in local.alarms : try(split("Runbook: ", alarm.description)[1], "none")]) == toset(var.headings)
    error_message = "The alarms lead to all headings of the runbook and to no others: ${jsonencode(distinct([for alarm in local.alarms : try(split("Runbook: ", alarm.description)[1], alarm.name)]))}"
  }

  assert {
    condition     = alltrue([for alarm in local.alarms : strcontains(alarm.name, replace(lower(try(split("Runbook: ", alarm.description)[1], "?")), " ", "-"))])
    error_message = "An alarm's name holds its heading."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.freshness_unknown[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.execution_late[0].treat_missing_data == "breaching"
    error_message = "Silence is not freshness."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.undelivered, aws_cloudwatch_metric_alarm.dead_letters] :
      alarm.alarm_actions == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "What cannot be told by the function goes to the topic directly."
  }

  # Athena
  assert {
    condition = alltrue([
      for file, query in aws_athena_named_query.this :
      !strcontains(query.query, "{database}") && query.description != "" && !startswith(query.description, "SELECT")
    ])
    error_message = "A named query names its database, and its file begins with a comment that says what it is for."
  }

  assert {
    condition     = length(aws_athena_named_query.this) == length(fileset("../sql/athena", "{views,queries}/*.sql"))
    error_message = "Every file of sql/athena is a named query."
  }

  # The dashboard
  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
      widget.properties.markdown if widget.type == "text"
    ] == ["## Is it well?", "## Where is it slow?", "## What is refused?", "## What is asked?", "## What does it take?"]
    error_message = "The dashboard reads from the top."
  }

  assert {
    condition     = length(aws_budgets_budget.month) == 0 && length(aws_glue_crawler.raw) == 0
    error_message = "No budget and no crawler unless they are asked for."
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
  }

  assert {
    condition     = aws_kinesis_stream.events.shard_count == null && aws_kinesis_stream.events.stream_mode_details[0].stream_mode == "ON_DEMAND"
    error_message = "A stream on demand has no number of shards."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : schedule.state == "DISABLED"])
    error_message = "A schedule that is turned off does not fire."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.freshness_unknown) == 0 && length(aws_cloudwatch_metric_alarm.execution_late) == 0
    error_message = "Where nothing runs by itself, silence is no alarm."
  }

  assert {
    condition     = length(aws_budgets_budget.month) == 1 && one(aws_budgets_budget.month[0].cost_filter).values == tolist(["user:Project$marquee"])
    error_message = "The budget counts what bears the project's tag."
  }

  assert {
    condition     = aws_glue_crawler.raw[0].database_name == "marquee_test_crawled"
    error_message = "The crawler has a database of its own."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 2
    error_message = "Everybody who is named is told."
  }

  assert {
    condition     = module.lake.expirations["raw"].prefix == "raw/" && module.lake.expirations["failed"].prefix == "aws/lambda/"
    error_message = "The lake has the whole bucket, and rules are of its zones; what was given up lies where Lambda puts it."
  }

  assert {
    condition     = module.day["compact"].environment["MARQUEE_MEMORY_MIB"] == "3600"
    error_message = "More memory for a function is more memory for its rows."
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

run "a_batch_is_given_up_while_the_stream_has_it" {
  command = plan

  variables {
    batch_max_age_seconds = 604800
  }

  expect_failures = [var.batch_max_age_seconds]
}

run "a_week_is_kept" {
  command = plan

  variables {
    stream_retention_hours = 24
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
