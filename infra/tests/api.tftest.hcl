# The API requires authentication and reads published data only.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  environment  = "test"
  packages_dir = "tests/packages"
}

run "signed" {
  assert {
    condition = toset(keys(aws_apigatewayv2_route.api)) == toset([
      "GET /v1/users/{user_id}/recommendations", "GET /v1/titles/popular", "GET /health",
    ])
    error_message = "The routes must be those of docs/API.md: ${jsonencode(keys(aws_apigatewayv2_route.api))}"
  }

  assert {
    condition = alltrue([
      for key, route in aws_apigatewayv2_route.api : route.route_key == key && route.authorization_type == (key == "GET /health" ? "NONE" : "AWS_IAM")
    ])
    error_message = "Every route except /health must require IAM signatures: ${jsonencode({ for key, route in aws_apigatewayv2_route.api : key => route.authorization_type })}"
  }

  assert {
    condition     = length(aws_apigatewayv2_authorizer.token) == 0 && length(aws_apigatewayv2_api.this["api"].cors_configuration) == 0
    error_message = "Without settings there must be no token authorizer and no CORS."
  }

  assert {
    condition = (
      aws_apigatewayv2_integration.api["api"].integration_type == "AWS_PROXY" &&
      aws_apigatewayv2_integration.api["api"].payload_format_version == "2.0" &&
      aws_apigatewayv2_integration.api["api"].integration_uri == module.api["api"].invoke_arn
    )
    error_message = "The integration must call the function with payload 2.0."
  }

  assert {
    condition     = aws_lambda_permission.api["api"].source_arn == "arn:aws:execute-api:eu-central-1:123456789012:anapi/*/*" && aws_lambda_permission.api["api"].principal == "apigateway.amazonaws.com"
    error_message = "Only this API may call the function: ${aws_lambda_permission.api["api"].source_arn}"
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.api["api"].name == "$default" && aws_apigatewayv2_stage.api["api"].auto_deploy &&
      one(aws_apigatewayv2_stage.api["api"].default_route_settings).throttling_rate_limit == 100 &&
      one(aws_apigatewayv2_stage.api["api"].default_route_settings).throttling_burst_limit == 200 &&
      one(aws_apigatewayv2_stage.api["api"].route_settings).route_key == "GET /health" &&
      one(aws_apigatewayv2_stage.api["api"].route_settings).throttling_rate_limit == 5
    )
    error_message = "There must be one stage with rate limits, and lower limits for /health."
  }

  assert {
    condition = (
      # Replace the variables as API Gateway does.
      [
        for name, value in jsondecode(replace(one(aws_apigatewayv2_stage.api["api"].access_log_settings).format, "/\\$context[.\\w]+/", "200")) :
        name if can(regex("^[0-9]", jsonencode(value)))
      ] == ["latencyMs", "status"] &&
      !strcontains(one(aws_apigatewayv2_stage.api["api"].access_log_settings).format, "$context.path")
    )
    error_message = "The access log must be valid JSON with numeric status and latency, and must not contain the path, which names the viewer."
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.api["api"].retention_in_days == 90 && aws_cloudwatch_log_group.api["api"].kms_key_id == aws_kms_key.this.arn &&
      strcontains(aws_kms_key.this.policy, ":log-group:/aws/vendedlogs/apis/marquee-test-*") && startswith(aws_cloudwatch_log_group.api["api"].name, "/aws/vendedlogs/apis/marquee-test-")
    )
    error_message = "The log group must have a retention and the key, and the key must allow the log group."
  }

  # Permissions of the callers and of the function.
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.caller["api"].policy).Statement : "${statement.Action} ${statement.Resource}"
    ] == ["execute-api:Invoke arn:aws:execute-api:eu-central-1:123456789012:anapi/*/GET/v1/*"]
    error_message = "The caller policy must allow this API and nothing else: ${aws_iam_policy.caller["api"].policy}"
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(module.api["api"].policy).Statement : [
        for action in statement.Action : action if startswith(action, "s3:")
      ]
    ])) == toset(["s3:ListBucket", "s3:GetObject"])
    error_message = "The function must only read the lake: ${module.api["api"].policy}"
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(module.api["api"].policy).Statement : [
        for resource in statement.Resource : regex("/.*$", resource)
      ] if contains(statement.Action, "s3:GetObject")
      ])) == toset([
      "/ledger/days/*", "/reference/titles/*", "/curated/title_popularity/*", "/curated/title_rating/*",
      "/curated/title_neighbour/*", "/curated/user_genre_affinity/*", "/curated/user_title/*",
    ])
    error_message = "The function must read only the generations, the title catalog and five tables: ${module.api["api"].policy}"
  }

  assert {
    condition     = local.sizes["api"].timeout_seconds < 30
    error_message = "The function must time out before API Gateway does."
  }

  assert {
    condition = flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) :
        try(metric[4].stat, widget.properties.stat) if try(metric[1] == "Throttles", false)
      ]
    ]) == ["Sum"]
    error_message = "The dashboard must sum throttled calls."
  }

  assert {
    condition     = alltrue([for invokes in local.machine_invokes : !contains(invokes, "api")])
    error_message = "No state machine may invoke the API function."
  }

  assert {
    condition     = output.api_url == "https://anapi.execute-api.eu-central-1.amazonaws.com" && output.caller_policy_arn == "arn:aws:iam::123456789012:policy/a-policy"
    error_message = "The outputs must have the address and the caller policy."
  }

  assert {
    condition     = strcontains(output.roll_out, "--function-name marquee-test-api ") && strcontains(output.roll_out, "functions/api.zip")
    error_message = "The output roll_out must include the API function."
  }
}

run "by_token" {
  variables {
    api_jwt_issuer   = "https://issuer.example.com/"
    api_jwt_audience = ["recommendations"]
    api_cors_origins = ["https://example.com"]
  }

  assert {
    condition = alltrue([
      for key, route in aws_apigatewayv2_route.api :
      route.authorization_type == (key == "GET /health" ? "NONE" : "JWT") &&
      (key == "GET /health" || route.authorizer_id == aws_apigatewayv2_authorizer.token["api"].id)
    ])
    error_message = "With an issuer, every route except /health must require tokens: ${jsonencode({ for key, route in aws_apigatewayv2_route.api : key => route.authorization_type })}"
  }

  assert {
    condition = (
      one(aws_apigatewayv2_authorizer.token["api"].jwt_configuration).issuer == "https://issuer.example.com/" &&
      one(aws_apigatewayv2_authorizer.token["api"].jwt_configuration).audience == toset(["recommendations"])
    )
    error_message = "The authorizer must check the issuer and the audience."
  }

  assert {
    condition     = length(aws_iam_policy.caller) == 0 && output.caller_policy_arn == null
    error_message = "With tokens there must be no caller policy, because it would have no effect."
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this["api"].cors_configuration).allow_origins == toset(["https://example.com"]) && one(aws_apigatewayv2_api.this["api"].cors_configuration).allow_methods == toset(["GET"])
    error_message = "CORS must allow the listed origins and GET only."
  }
}

run "without" {
  variables {
    api_enabled = false
  }

  assert {
    condition = (
      length(aws_apigatewayv2_api.this) == 0 && length(aws_apigatewayv2_route.api) == 0 && length(aws_iam_policy.caller) == 0 &&
      !contains(keys(local.functions), "api") && !contains(keys(aws_s3_object.package), "api") &&
      output.api_url == null && output.caller_policy_arn == null
    )
    error_message = "Without api_enabled there must be no resource of the API."
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "## API") && length([for alarm in local.alarms : alarm if strcontains(alarm.name, "-api-")]) == 0
    error_message = "Without the API there must be no dashboard row and no alarm for it."
  }
}

run "an_issuer_needs_an_audience" {
  command = plan

  variables {
    api_jwt_issuer = "https://issuer.example.com/"
  }

  expect_failures = [var.api_jwt_audience]
}

run "origins_are_named" {
  command = plan

  variables {
    api_cors_origins = ["*"]
  }

  expect_failures = [var.api_cors_origins]
}
