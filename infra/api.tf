# The HTTP API for recommendations (`api_enabled`): API Gateway in front of a function that
# reads published data. The API returns what people watched, so every route requires
# authentication, except `/health`, which contains no personal data.
locals {
  api = var.api_enabled ? toset(["api"]) : toset([])

  # Without a token issuer, callers sign their requests (Signature Version 4).
  api_by_token      = var.api_enabled && var.api_jwt_issuer != null ? toset(["api"]) : toset([])
  api_by_signature  = setsubtract(local.api, local.api_by_token)
  api_authorization = length(local.api_by_token) > 0 ? "JWT" : "AWS_IAM"

  # The routes of docs/API.md. API Gateway rejects other paths without a call of the function.
  api_routes = {
    for route, authorization in {
      "GET /v1/users/{user_id}/recommendations" = local.api_authorization
      "GET /v1/titles/popular"                  = local.api_authorization
      "GET /health"                             = "NONE"
    } : route => authorization if var.api_enabled
  }

  # Limits for unauthenticated requests: enough for monitoring, and too few to exhaust the
  # concurrency that other callers need.
  health_limits = { rate = 5, burst = 10 }

  # One line of the access log. Fields that are always numbers are JSON numbers, so that
  # filters can compare them. A missing value is `-`, which needs quotes in JSON.
  api_log_fields = {
    requestId          = "$context.requestId"
    time               = "$context.requestTime"
    route              = "$context.routeKey"
    status             = "$context.status"
    bytes              = "$context.responseLength"
    latencyMs          = "$context.responseLatency"
    functionMs         = "$context.integrationLatency"
    functionError      = "$context.integrationErrorMessage"
    authorizationError = "$context.authorizer.error"
    error              = "$context.error.message"
    caller             = "$context.identity.userArn"
    subject            = "$context.authorizer.claims.sub"
    address            = "$context.identity.sourceIp"
    agent              = "$context.identity.userAgent"
  }
  api_log_format = replace(jsonencode(local.api_log_fields), "/\"(\\$context\\.(status|responseLatency))\"/", "$1")
}

resource "aws_apigatewayv2_api" "this" {
  for_each = local.api

  name          = "${local.prefix}-api"
  description   = "Recommendations"
  protocol_type = "HTTP"

  # Browsers may call the API only from the listed origins.
  dynamic "cors_configuration" {
    for_each = length(var.api_cors_origins) > 0 ? [var.api_cors_origins] : []

    content {
      allow_origins = cors_configuration.value
      allow_methods = ["GET"]
      allow_headers = ["authorization", "x-amz-date", "x-amz-security-token"]
      max_age       = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "token" {
  for_each = local.api_by_token

  api_id           = aws_apigatewayv2_api.this[each.key].id
  name             = "token"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.api_jwt_issuer
    audience = var.api_jwt_audience
  }

  lifecycle {
    # Destroy the authorizer after the routes that use it.
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_integration" "api" {
  for_each = local.api

  api_id                 = aws_apigatewayv2_api.this[each.key].id
  description            = "Calls the function"
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = module.api[each.key].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "api" {
  #checkov:skip=CKV_AWS_309:Only /health is open; it reports the state of the API and no personal data
  for_each = local.api_routes

  api_id             = aws_apigatewayv2_api.this["api"].id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.api["api"].id}"
  authorization_type = each.value
  authorizer_id      = each.value == "JWT" ? aws_apigatewayv2_authorizer.token["api"].id : null
}

resource "aws_apigatewayv2_stage" "api" {
  for_each = local.api

  api_id      = aws_apigatewayv2_api.this[each.key].id
  name        = "$default"
  description = "The only stage; changes deploy automatically"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.api_rate_limit
    throttling_burst_limit = var.api_burst_limit
  }

  route_settings {
    route_key              = "GET /health"
    throttling_rate_limit  = min(local.health_limits.rate, var.api_rate_limit)
    throttling_burst_limit = min(local.health_limits.burst, var.api_burst_limit)
  }

  # Log the route and not the path, because the path contains the viewer's id.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api[each.key].arn
    format          = local.api_log_format
  }

  # API Gateway rejects settings of a route that does not exist yet.
  depends_on = [aws_apigatewayv2_route.api]
}

resource "aws_cloudwatch_log_group" "api" {
  #checkov:skip=CKV_AWS_338:The lake's ledger keeps the records that must last; logs are for diagnosis, and are billed by the gigabyte
  for_each = local.api

  # For this prefix, log delivery needs no entry of its own in the account's resource policy.
  name              = "/aws/vendedlogs/apis/${local.prefix}-api"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

module "api" {
  source   = "./modules/rust_lambda"
  for_each = local.api

  name               = "${local.prefix}-api"
  description        = "Answer requests for recommendations from published data"
  package            = local.uploaded["api"]
  architecture       = var.architecture
  memory_mib         = local.sizes["api"].memory_mib
  timeout_seconds    = local.sizes["api"].timeout_seconds
  ephemeral_mib      = local.sizes["api"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days
  alarms             = local.function_alarms

  # Clients see the error and can retry; another alarm watches the share of failed requests.
  errors_to_alarm = 5

  environment = merge(local.common_environment, {
    MARQUEE_REFRESH_SECONDS = tostring(var.api_refresh_seconds)
  })

  statements = local.lake_rights["api"]
}

resource "aws_lambda_permission" "api" {
  for_each = local.api

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = module.api[each.key].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this[each.key].execution_arn}/*/*"
}

# The policy for callers: attach it to a role, a user or a task. It is meant for services that
# act for viewers, because it allows requests for every viewer.
resource "aws_iam_policy" "caller" {
  for_each = local.api_by_signature

  name        = "${local.prefix}-caller"
  description = "Ask ${aws_apigatewayv2_api.this[each.key].name} what to recommend"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Ask"
      Effect   = "Allow"
      Action   = "execute-api:Invoke"
      Resource = "${aws_apigatewayv2_api.this[each.key].execution_arn}/*/GET/v1/*"
    }]
  })
}
