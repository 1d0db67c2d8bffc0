# The alarms of a function, selected by `alarms`. EventBridge sends changes of their state to the
# alert function. `alarm_actions` is for the alert function itself, which cannot report its
# own failures.

resource "aws_cloudwatch_metric_alarm" "errors" {
  count = contains(var.alarms, "errors") ? 1 : 0

  alarm_name          = "${var.name}-function-errors"
  alarm_description   = "${var.name} failed ${var.errors_to_alarm} times or more within 5 minutes. Runbook: Function errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.errors_to_alarm
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  count = contains(var.alarms, "throttles") ? 1 : 0

  alarm_name          = "${var.name}-function-throttles"
  alarm_description   = "${var.name} was throttled for 15 minutes: the account's concurrency is exhausted. Runbook: Function throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  count = contains(var.alarms, "duration") ? 1 : 0

  alarm_name          = "${var.name}-function-duration"
  alarm_description   = "${var.name} took more than 80% of its timeout of ${var.timeout_seconds} s. Runbook: Function duration"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.timeout_seconds * 1000 * 0.8
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
}
