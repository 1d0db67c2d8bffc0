# The state machines of state_machines/*.asl.json, and their permissions.
locals {
  machines = toset(["daily", "backfill", "replay"])

  machine_files = { for machine in local.machines : machine => "${local.repository}/state_machines/${machine}.asl.json" }

  machine_arns = { for machine in local.machines : machine => "${local.arn.states}:stateMachine:${local.prefix}-${machine}" }

  # The functions as the definitions name them: `${plan_arn}` and so on. Without a warehouse,
  # the function `load` does not exist; the branch that names it is not taken.
  machine_functions = merge(
    { load = "${local.arn.lambda}:function:${local.prefix}-load" },
    { for name, function in local.functions : name => function.arn },
  )

  machine_variables = merge(
    { for name, arn in local.machine_functions : "${name}_arn" => arn },
    {
      warehouse            = tostring(local.warehouse)
      dates_side_by_side   = tostring(var.dates_side_by_side)
      buckets_side_by_side = tostring(var.buckets_side_by_side)
      daily_machine_arn    = local.machine_arns["daily"]
    },
  )

  # The placeholders of each definition. A machine may invoke the functions that its
  # definition names.
  machine_placeholders = {
    for machine, file in local.machine_files :
    machine => distinct(flatten(regexall("\\$\\{([a-z_]+)\\}", file(file))))
  }

  machine_invokes = {
    for machine, placeholders in local.machine_placeholders : machine => [
      for name in sort(keys(local.functions)) : name if contains(placeholders, "${name}_arn")
    ]
  }

  # The permissions of a machine besides invoking functions.
  machine_statements = {
    # A distributed map starts child executions of its own machine, and a long run continues
    # in a further execution.
    daily = [
      {
        Sid      = "StartItself"
        Effect   = "Allow"
        Action   = "states:StartExecution"
        Resource = local.machine_arns["daily"]
      },
      {
        Sid      = "FollowChildren"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"]
        Resource = "${local.arn.states}:execution:${local.prefix}-daily/*"
      },
    ]
    backfill = local.start_daily
    replay   = local.start_daily
  }

  # Starts `daily` and waits for its end, which a managed rule of Step Functions reports.
  start_daily = [
    {
      Sid      = "StartDaily"
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = local.machine_arns["daily"]
    },
    {
      Sid      = "FollowDaily"
      Effect   = "Allow"
      Action   = ["states:DescribeExecution", "states:StopExecution"]
      Resource = "${local.arn.states}:execution:${local.prefix}-daily:*"
    },
    {
      Sid      = "HearOfItsEnd"
      Effect   = "Allow"
      Action   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
      Resource = "${local.arn.events}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    },
  ]
}

resource "aws_sfn_state_machine" "this" {
  for_each = local.machines

  name       = "${local.prefix}-${each.key}"
  role_arn   = aws_iam_role.machine[each.key].arn
  definition = templatefile(local.machine_files[each.key], local.machine_variables)

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.machine[each.key].arn}:*"
    include_execution_data = true
    level                  = var.machine_log_level
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions checks the role when it creates the machine.
  depends_on = [aws_iam_role_policy.machine]
}

resource "aws_cloudwatch_log_group" "machine" {
  #checkov:skip=CKV_AWS_338:The lake's ledger keeps the records that must last; logs are for diagnosis, and are billed by the gigabyte
  for_each = local.machines

  # For this prefix, Step Functions writes one resource policy instead of one per log group.
  name              = "/aws/vendedlogs/states/${local.prefix}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_iam_role" "machine" {
  for_each = local.machines

  name        = "${local.prefix}-machine-${each.key}"
  description = "Permissions of the state machine ${local.prefix}-${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "${local.arn.states}:stateMachine:${local.prefix}-*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "machine" {
  for_each = local.machines

  name = "machine"
  role = aws_iam_role.machine[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "InvokeItsFunctions"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = [for name in local.machine_invokes[each.key] : local.functions[name].arn]
        },
        {
          # AWS has no resource type for log delivery, so only `*` is possible.
          Sid    = "DeliverLogs"
          Effect = "Allow"
          Action = [
            "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries",
            "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
          ]
          Resource = "*"
        },
        {
          # X-Ray has no resource types either.
          Sid    = "Trace"
          Effect = "Allow"
          Action = [
            "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
          ]
          Resource = "*"
        },
      ],
      local.machine_statements[each.key],
    )
  })
}
