# Alerts: failures, alarms and dead letters become messages to people.
resource "aws_sns_topic" "alerts" {
  name              = "${local.prefix}-alerts"
  kms_master_key_id = aws_kms_key.this.arn
}

# The alert function publishes with its role; these services publish directly.
resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LastResortAlarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { ArnLike = { "aws:SourceArn" = "${local.arn.cloudwatch}:alarm:${local.prefix}-*" } }
      },
      {
        Sid       = "Budget"
        Effect    = "Allow"
        Principal = { Service = "budgets.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alert_emails)

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

module "alert" {
  source = "./modules/rust_lambda"

  name               = "${local.prefix}-alert"
  description        = "Send a message about a failure, an alarm or a dead letter"
  package            = local.uploaded["alert"]
  architecture       = var.architecture
  memory_mib         = local.sizes["alert"].memory_mib
  timeout_seconds    = local.sizes["alert"].timeout_seconds
  ephemeral_mib      = local.sizes["alert"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.undelivered.arn
  log_retention_days = var.log_retention_days
  alarms             = local.alert_alarms

  # The alert function cannot report its own failures.
  alarm_actions = [aws_sns_topic.alerts.arn]

  environment = merge(local.common_environment, {
    MARQUEE_TOPIC_ARN            = aws_sns_topic.alerts.arn
    MARQUEE_ALERT_WINDOW_MINUTES = tostring(var.alert_window_minutes)
    MARQUEE_RUNBOOK_URL          = var.runbook_url
  })

  statements = concat(local.lake_rights["alert"], [
    {
      sid       = "Tell"
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.alerts.arn]
    },
    {
      sid       = "ReadDeadLetters"
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.dead_letters.arn]
    },
  ])
}

# One message per call: a message that cannot be sent does not return others to the queue.
resource "aws_lambda_event_source_mapping" "dead_letters" {
  event_source_arn = aws_sqs_queue.dead_letters.arn
  function_name    = module.alert.arn
  batch_size       = 1
}

locals {
  # The events that EventBridge sends to the alert function.
  alert_rules = {
    execution-failed = {
      does = "An execution of a state machine failed, timed out or was aborted"
      pattern = {
        source      = ["aws.states"]
        detail-type = ["Step Functions Execution Status Change"]
        detail = {
          status          = ["FAILED", "TIMED_OUT", "ABORTED"]
          stateMachineArn = [for machine in local.machines : local.machine_arns[machine]]
        }
      }
    }
    alarm = {
      does = "An alarm started or was resolved"
      pattern = {
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        resources   = [{ "anything-but" = local.direct_alarms }]
        detail = {
          alarmName = [{ prefix = "${local.prefix}-" }]
          "$or" = [
            { state = { value = ["ALARM"] } },
            { state = { value = ["OK"] }, previousState = { value = ["ALARM"] } },
          ]
        }
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "alert" {
  for_each = local.alert_rules

  name          = "${local.prefix}-${each.key}"
  description   = each.value.does
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "alert" {
  for_each = aws_cloudwatch_event_rule.alert

  rule = each.value.name
  arn  = module.alert.arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_lambda_permission" "alert" {
  for_each = aws_cloudwatch_event_rule.alert

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = module.alert.name
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}
