# The schedules of the daily machine. EventBridge Scheduler replaces the placeholder with the
# scheduled time. The JSON is written by hand, because jsonencode would turn `<` into
# `\u003c`.
locals {
  schedules = {
    daily = {
      expression = var.daily_schedule
      enabled    = var.daily_schedule_enabled
      input      = "{\"which\":\"due\",\"time\":\"<aws.scheduler.scheduled-time>\"}"
      does       = "Process all due dates up to the previous day"
    }
    hourly = {
      expression = var.hourly_schedule
      enabled    = var.hourly_schedule_enabled
      input      = "{\"which\":\"today\",\"time\":\"<aws.scheduler.scheduled-time>\"}"
      does       = "Process the current day, and in its first hour the previous day"
    }
  }
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:The input is not sensitive; with a customer key the pipeline would depend on one more permission
  for_each = local.schedules

  name                = "${local.prefix}-${each.key}"
  description         = each.value.does
  schedule_expression = each.value.expression
  state               = each.value.enabled ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.this["daily"].arn
    role_arn = aws_iam_role.scheduler.arn
    input    = each.value.input

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

resource "aws_iam_role" "scheduler" {
  name        = "${local.prefix}-scheduler"
  description = "Start the daily machine on schedule"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "scheduler"
  role = aws_iam_role.scheduler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartDaily"
        Effect   = "Allow"
        Action   = "states:StartExecution"
        Resource = aws_sfn_state_machine.this["daily"].arn
      },
      {
        Sid      = "DeadLetter"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.dead_letters.arn
      },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.this.arn
      },
    ]
  })
}
