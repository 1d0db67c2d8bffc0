# One dashboard, to be read from the top: health, latency, rejected data, the API, and
# load and cost.
locals {
  own_metric = ["Environment", var.environment]

  # This row exists only with the API.
  dashboard_api = [
    for api in aws_apigatewayv2_api.this : {
      heading = "API"
      widgets = [
        {
          title   = "Requests"
          stat    = "Sum"
          metrics = [["AWS/ApiGateway", "Count", "ApiId", api.id]]
        },
        {
          title   = "Client errors (4xx) and server errors (5xx)"
          stat    = "Sum"
          metrics = [for name in ["4xx", "5xx"] : ["AWS/ApiGateway", name, "ApiId", api.id]]
        },
        {
          title   = "Latency, 99th percentile (ms)"
          stat    = "p99"
          metrics = [for name in ["Latency", "IntegrationLatency"] : ["AWS/ApiGateway", name, "ApiId", api.id]]
        },
        {
          title = "Concurrent instances and throttled calls"
          stat  = "Maximum"
          metrics = [
            ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", local.functions["api"].name],
            ["AWS/Lambda", "Throttles", "FunctionName", local.functions["api"].name, { stat = "Sum" }],
          ]
        },
      ]
    }
  ]

  dashboard_rows = concat([
    {
      heading = "Health"
      widgets = [
        { title = "Alarms", alarms = local.alarms[*].arn },
        {
          title   = "Age of the oldest unpublished arrival (s)"
          stat    = "Maximum"
          metrics = [concat([var.metrics_namespace, "Freshness"], local.own_metric)]
        },
        {
          title = "Published dates, held dates, audit problems"
          stat  = "Sum"
          metrics = [
            for name in ["PublishedDates", "HeldDates", "AuditImbalance"] :
            concat([var.metrics_namespace, name], local.own_metric)
          ]
        },
        {
          title = "Executions of daily"
          stat  = "Sum"
          metrics = [
            for name in ["ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
            ["AWS/States", name, "StateMachineArn", aws_sfn_state_machine.this["daily"].arn]
          ]
        },
      ]
    },
    {
      heading = "Latency"
      widgets = [
        {
          title = "Lag behind the stream (ms)"
          stat  = "Maximum"
          metrics = [
            ["AWS/Lambda", "IteratorAge", "FunctionName", module.transform.name],
            concat([var.metrics_namespace, "BatchAge"], local.own_metric),
          ]
        },
        {
          title   = "Transform by stage (ms)"
          stat    = "Average"
          metrics = [[{ expression = "SEARCH('{${var.metrics_namespace},Environment,Stage} MetricName=\"Duration\" Environment=\"${var.environment}\"', 'Average', 300)", id = "stages" }]]
        },
        {
          title   = "Functions, longest call (ms)"
          stat    = "Maximum"
          metrics = [for name, function in local.functions : ["AWS/Lambda", "Duration", "FunctionName", function.name, { label = name }]]
        },
        {
          title   = "State machines, longest execution (ms)"
          stat    = "Maximum"
          metrics = [for machine in local.machines : ["AWS/States", "ExecutionTime", "StateMachineArn", aws_sfn_state_machine.this[machine].arn, { label = machine }]]
        },
      ]
    },
    {
      heading = "Rejected data"
      widgets = [
        {
          title = "Units: received, processed, quarantined, duplicates"
          stat  = "Sum"
          metrics = [
            for name in ["Received", "Processed", "Quarantined", "Duplicates"] :
            concat([var.metrics_namespace, name], local.own_metric)
          ]
        },
        {
          title   = "Quarantined units by reason"
          stat    = "Sum"
          metrics = [[{ expression = "SEARCH('{${var.metrics_namespace},Environment,Reason} MetricName=\"Quarantined\" Environment=\"${var.environment}\"', 'Sum', 300)", id = "reasons" }]]
        },
        {
          title = "Failed batches and dead letters"
          stat  = "Maximum"
          metrics = [
            concat([var.metrics_namespace, "FailedBatches"], local.own_metric),
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.dead_letters.name],
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.undelivered.name],
          ]
        },
        {
          title   = "Errors by function"
          stat    = "Sum"
          metrics = [for name, function in local.functions : ["AWS/Lambda", "Errors", "FunctionName", function.name, { label = name }]]
        },
      ]
    },
    ], local.dashboard_api, [
    {
      heading = "Load and cost"
      widgets = [
        {
          title   = "Event bytes"
          stat    = "Sum"
          metrics = [concat([var.metrics_namespace, "Bytes"], local.own_metric)]
        },
        {
          title = "Stream input"
          stat  = "Sum"
          metrics = [
            ["AWS/Kinesis", "IncomingRecords", "StreamName", aws_kinesis_stream.events.name],
            ["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", aws_kinesis_stream.events.name],
          ]
        },
        {
          title   = "Concurrent calls"
          stat    = "Maximum"
          metrics = [for name in ["transform", "compact"] : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", local.functions[name].name, { label = name }]]
        },
        {
          title   = "Bytes scanned by queries"
          stat    = "Sum"
          metrics = [[{ expression = "SEARCH('{AWS/Athena,QueryState,QueryType,WorkGroup} MetricName=\"ProcessedBytes\" WorkGroup=\"${aws_athena_workgroup.this.name}\"', 'Sum', 300)", id = "scanned" }]]
        },
      ]
    },
  ])

  # A heading is 1 unit high, a widget 6; a row is 24 units wide.
  dashboard_widgets = flatten([
    for row, content in local.dashboard_rows : concat(
      [{
        type       = "text"
        x          = 0
        y          = row * 7
        width      = 24
        height     = 1
        properties = { markdown = "## ${content.heading}" }
      }],
      [
        for column, widget in content.widgets : {
          type   = can(widget.alarms) ? "alarm" : "metric"
          x      = column * 6
          y      = row * 7 + 1
          width  = 6
          height = 6
          properties = can(widget.alarms) ? jsonencode({
            title  = widget.title
            alarms = widget.alarms
            }) : jsonencode({
            title   = widget.title
            region  = local.region
            view    = "timeSeries"
            stat    = widget.stat
            period  = 300
            metrics = widget.metrics
          })
        }
      ],
    )
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard_enabled ? 1 : 0

  dashboard_name = local.prefix

  dashboard_body = jsonencode({
    widgets = [
      for widget in local.dashboard_widgets :
      merge(widget, { properties = try(jsondecode(widget.properties), widget.properties) })
    ]
  })
}
