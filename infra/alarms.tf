# The alarms of the pipeline as a whole; modules/rust_lambda has those of each function. The
# name of an alarm contains the heading of docs/OPERATIONS.md that says what to do, and its
# description ends with the heading. The rule and the function of alert.tf deliver alarms
# to people. The alarms in `direct_alarms` watch that delivery, so they publish to the topic
# directly.
#
# With alarm_set = "essential" only the alarms exist that do not depend on local.all_alarms.
# EventBridge reports each failed execution without an alarm, and an API call that fails
# reports itself to its caller.
#
# Metric math uses SUM and MAX over lists: these skip a metric without data, whereas `+`
# would return no data.

resource "aws_cloudwatch_metric_alarm" "iterator_age" {
  alarm_name          = "${local.prefix}-iterator-age"
  alarm_description   = "The transform is more than ${var.iterator_age_minutes} minutes behind the stream. Runbook: Iterator age"
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = module.transform.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.iterator_age_minutes * 60000
  treat_missing_data  = "notBreaching"
}

# Producers absorb short bursts of throttling. Throttling for 15 minutes means that the
# stream is too small.
resource "aws_cloudwatch_metric_alarm" "stream_throttles" {
  count = local.all_alarms ? 1 : 0

  alarm_name          = "${local.prefix}-stream-throttles"
  alarm_description   = "The stream throttled producers for 15 minutes. Producers retry. Runbook: Stream throttles"
  namespace           = "AWS/Kinesis"
  metric_name         = "WriteProvisionedThroughputExceeded"
  dimensions          = { StreamName = aws_kinesis_stream.events.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "quarantine_rate" {
  alarm_name          = "${local.prefix}-quarantine-rate"
  alarm_description   = "More than ${var.quarantine_percent}% of the units were rejected for half an hour. Runbook: Quarantine rate"
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.quarantine_percent
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "rate"
    label       = "Rejected units (%)"
    expression  = "IF(received > 0, 100 * quarantined / received, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(["Received", "Quarantined"])

    content {
      id = lower(metric_query.value)

      metric {
        namespace   = var.metrics_namespace
        metric_name = metric_query.value
        dimensions  = local.own_dimensions
        stat        = "Sum"
        period      = 900
      }
    }
  }
}

locals {
  own_dimensions = { Environment = var.environment }

  all_alarms  = var.alarm_set == "all"
  alarmed_api = local.all_alarms ? local.api : toset([])

  # The alarms of each function, and of the alert function, whose failures nothing else reports.
  function_alarms = local.all_alarms ? ["errors", "throttles", "duration"] : []
  alert_alarms    = local.all_alarms ? local.function_alarms : ["errors"]

  # If only people start the pipeline, the absence of runs raises no alarm.
  runs_by_itself = var.daily_schedule_enabled || var.hourly_schedule_enabled

  # Alarms on metrics of the pipeline for which any value above 0 is an alarm.
  found_alarms = {
    audit-imbalance = {
      metric = "AuditImbalance"
      says   = "The audit of a date does not balance. Runbook: Audit imbalance"
    }
    held-dates = {
      metric = "HeldDates"
      says   = "A date is held: a check is violated, or its event book does not balance. Runbook: Held dates"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "found" {
  for_each = local.found_alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = each.value.says
  namespace           = var.metrics_namespace
  metric_name         = each.value.metric
  dimensions          = local.own_dimensions
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
}

# Batches that fail repeatedly. A batch that succeeds on retry raises no alarm.
resource "aws_cloudwatch_metric_alarm" "failing_batches" {
  alarm_name          = "${local.prefix}-failed-batches"
  alarm_description   = "Batches fail repeatedly and block their shards. They are discarded after ${var.batch_retries} retries or ${var.batch_max_age_seconds} s. Runbook: Failed batches"
  namespace           = var.metrics_namespace
  metric_name         = "FailedBatches"
  dimensions          = local.own_dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "given_up_batches" {
  alarm_name          = "${local.prefix}-given-up-failed-batches"
  alarm_description   = "The event source mapping discarded records. The lake's bucket keeps them under aws/lambda/, unless that write failed. Runbook: Failed batches"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "givenup"
    label       = "Discarded records"
    expression  = "SUM([kept, dropped])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { kept = "OnFailureDestinationDeliveredEventCount", dropped = "DroppedEventCount" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { EventSourceMappingUUID = aws_lambda_event_source_mapping.transform.uuid }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

# Every plan reports the age of the oldest unpublished arrival. The last value holds until
# the next plan.
resource "aws_cloudwatch_metric_alarm" "freshness" {
  alarm_name          = "${local.prefix}-freshness"
  alarm_description   = "An arrival older than ${var.freshness_hours} hours is in no published table. Runbook: Freshness"
  namespace           = var.metrics_namespace
  metric_name         = "Freshness"
  dimensions          = local.own_dimensions
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.freshness_hours * 3600
  treat_missing_data  = "ignore"
}

# Freshness is unknown if no run reported it.
resource "aws_cloudwatch_metric_alarm" "freshness_unknown" {
  count = local.all_alarms && local.runs_by_itself ? 1 : 0

  alarm_name          = "${local.prefix}-freshness-unknown"
  alarm_description   = "No run reported freshness for ${var.silence_hours} hours. Runbook: Freshness"
  namespace           = var.metrics_namespace
  metric_name         = "Freshness"
  dimensions          = local.own_dimensions
  statistic           = "SampleCount"
  period              = 3600
  evaluation_periods  = var.silence_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
}

resource "aws_cloudwatch_metric_alarm" "execution_failed" {
  for_each = local.all_alarms ? local.machines : toset([])

  alarm_name          = "${local.prefix}-${each.key}-execution-failed"
  alarm_description   = "An execution of ${local.prefix}-${each.key} failed, timed out or was aborted. Runbook: Execution failed"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "ended"
    label       = "Executions that did not succeed"
    expression  = "SUM([failed, timedout, aborted])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failed = "ExecutionsFailed", timedout = "ExecutionsTimedOut", aborted = "ExecutionsAborted" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/States"
        metric_name = metric_query.value
        dimensions  = { StateMachineArn = aws_sfn_state_machine.this[each.key].arn }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

# The execution time is known only at the end. A run that hangs is detected by the absence of
# successful executions.
resource "aws_cloudwatch_metric_alarm" "execution_slow" {
  count = local.all_alarms ? 1 : 0

  alarm_name          = "${local.prefix}-execution-late-slow"
  alarm_description   = "An execution of ${local.prefix}-daily took more than ${var.execution_minutes} minutes. Runbook: Execution late"
  namespace           = "AWS/States"
  metric_name         = "ExecutionTime"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.this["daily"].arn }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.execution_minutes * 60000
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "execution_late" {
  count = local.runs_by_itself ? 1 : 0

  alarm_name          = "${local.prefix}-execution-late"
  alarm_description   = "No execution of ${local.prefix}-daily succeeded for ${var.silence_hours} hours. Runbook: Execution late"
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.this["daily"].arn }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.silence_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
}

# The alert function reads dead letters at once: an old message means that it does not.
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${local.prefix}-dead-letters"
  alarm_description   = "The alert function does not read the messages in ${aws_sqs_queue.dead_letters.name}. Runbook: Dead letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 900
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  alarm_name          = "${local.prefix}-undelivered-dead-letters"
  alarm_description   = "Alerts could not be sent; their messages are in ${aws_sqs_queue.undelivered.name}. Runbook: Dead letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Athena publishes the bytes by workgroup, query type and query state, and sometimes also by
# workgroup alone. The larger of the two sums is the total.
resource "aws_cloudwatch_metric_alarm" "athena_bytes" {
  count = local.all_alarms ? 1 : 0

  alarm_name          = "${local.prefix}-athena-bytes-scanned"
  alarm_description   = "Queries scanned more than ${var.daily_scan_limit_gib} GiB in a day. Runbook: Athena bytes scanned"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.daily_scan_limit_gib * pow(1024, 3)
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "scanned"
    label       = "Bytes scanned in a day"
    expression  = "MAX([workgroup, SUM([succeeded, failed, cancelled])])"
    return_data = true
  }

  metric_query {
    id = "workgroup"

    metric {
      namespace   = "AWS/Athena"
      metric_name = "ProcessedBytes"
      dimensions  = { WorkGroup = aws_athena_workgroup.this.name }
      stat        = "Sum"
      period      = 86400
    }
  }

  dynamic "metric_query" {
    for_each = toset(["succeeded", "failed", "cancelled"])

    content {
      id = metric_query.value

      metric {
        namespace   = "AWS/Athena"
        metric_name = "ProcessedBytes"
        dimensions = {
          WorkGroup  = aws_athena_workgroup.this.name
          QueryType  = "DML"
          QueryState = upper(metric_query.value)
        }
        stat   = "Sum"
        period = 86400
      }
    }
  }
}

# The share of requests that fail on the API's side. A single failure raises no alarm.
resource "aws_cloudwatch_metric_alarm" "api_errors" {
  for_each = local.alarmed_api

  alarm_name          = "${local.prefix}-api-errors"
  alarm_description   = "More than ${var.api_error_percent}% of the API's requests failed for 10 minutes. Runbook: API errors"
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.api_error_percent
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "rate"
    label       = "Failed requests (%)"
    expression  = "IF(failed > 1, 100 * failed / asked, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { asked = "Count", failed = "5xx" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApiGateway"
        metric_name = metric_query.value
        dimensions  = { ApiId = aws_apigatewayv2_api.this[each.key].id }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

# 15 minutes, because cold starts are always slow.
resource "aws_cloudwatch_metric_alarm" "api_latency" {
  for_each = local.alarmed_api

  alarm_name                            = "${local.prefix}-api-latency"
  alarm_description                     = "The API's 99th percentile latency was above ${var.api_latency_ms} ms for 15 minutes. Runbook: API latency"
  namespace                             = "AWS/ApiGateway"
  metric_name                           = "Latency"
  dimensions                            = { ApiId = aws_apigatewayv2_api.this[each.key].id }
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"
  period                                = 300
  evaluation_periods                    = 3
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.api_latency_ms
  treat_missing_data                    = "notBreaching"
}

locals {
  # Alarms that watch the delivery of alerts; the rule of alert.tf excludes them.
  direct_alarms = concat(module.alert.alarms[*].arn, [
    aws_cloudwatch_metric_alarm.dead_letters.arn,
    aws_cloudwatch_metric_alarm.undelivered.arn,
  ])

  # The alarms of the pipeline, then those of the functions.
  alarms = concat(
    [
      for alarm in concat(
        [
          aws_cloudwatch_metric_alarm.iterator_age,
          aws_cloudwatch_metric_alarm.quarantine_rate,
          aws_cloudwatch_metric_alarm.failing_batches,
          aws_cloudwatch_metric_alarm.given_up_batches,
          aws_cloudwatch_metric_alarm.freshness,
          aws_cloudwatch_metric_alarm.dead_letters,
          aws_cloudwatch_metric_alarm.undelivered,
        ],
        aws_cloudwatch_metric_alarm.stream_throttles[*],
        aws_cloudwatch_metric_alarm.execution_slow[*],
        aws_cloudwatch_metric_alarm.athena_bytes[*],
        aws_cloudwatch_metric_alarm.freshness_unknown[*],
        aws_cloudwatch_metric_alarm.execution_late[*],
        values(aws_cloudwatch_metric_alarm.found),
        values(aws_cloudwatch_metric_alarm.execution_failed),
        values(aws_cloudwatch_metric_alarm.api_errors),
        values(aws_cloudwatch_metric_alarm.api_latency),
        ) : {
        arn         = alarm.arn
        name        = alarm.alarm_name
        description = alarm.alarm_description
        # The number of metrics that the alarm evaluates, which CloudWatch bills.
        metrics = max(1, length([for query in alarm.metric_query : query if length(query.metric) > 0]))
      }
    ],
    flatten(values(local.functions)[*].alarms),
  )
}
