# The HTTP API that says what to watch next (`api_enabled`): API Gateway before a
# function that reads what is published. The answers hold what people watched, so nobody
# is answered who is not known; but for `/health`, which says nothing of anybody.
locals {
  api = var.api_enabled ? toset(["api"]) : toset([])

  # Without an issuer of tokens, callers sign what they ask (Signature 4).
  api_by_token      = var.api_enabled && var.api_jwt_issuer != null ? toset(["api"]) : toset([])
  api_by_signature  = setsubtract(local.api, local.api_by_token)
  api_authorization = length(local.api_by_token) > 0 ? "JWT" : "AWS_IAM"

  # The routes of docs/API.md. Any other path is refused before it costs a call.
  api_routes = {
    for route, authorization in {
      "GET /v1/users/{user_id}/recommendations" = local.api_authorization
      "GET /v1/titles/popular"                  = local.api_authorization
      "GET /health"                             = "NONE"
    } : route => authorization if var.api_enabled
  }

  # What strangers may ask a second: enough for whoever watches, and no way to use up
  # what others are answered with.
  health_limits = { rate = 5, burst = 10 }

  # A line of the access log. What is always a number is one, so that it can be compared;
  # what may be missing is `-`, which is JSON only in quotes.
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
  description   = "What to watch next"
  protocol_type = "HTTP"

  # A page in a browser is answered only where its origin is named.
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
    # It goes when no route asks for it any more.
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_integration" "api" {
  for_each = local.api

  api_id                 = aws_apigatewayv2_api.this[each.key].id
  description            = "The function answers"
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = module.api[each.key].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "api" {
  #checkov:skip=CKV_AWS_309:Of the routes only /health is open: it says whether there is something to answer from, and nothing of anybody
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
  description = "The one there is: a change is there as soon as it is made"
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

  # The route and not the path: the path has the viewer in it.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api[each.key].arn
    format          = local.api_log_format
  }

  # Settings of a route are refused before there is the route.
  depends_on = [aws_apigatewayv2_route.api]
}

resource "aws_cloudwatch_log_group" "api" {
  #checkov:skip=CKV_AWS_338:What must be kept is in the lake's ledger; logs are for finding a fault, and cost by the gigabyte
  for_each = local.api

  # Below this prefix the delivery of logs needs no line of its own in the account's policy.
  name              = "/aws/vendedlogs/apis/${local.prefix}-api"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

module "api" {
  source   = "./modules/rust_lambda"
  for_each = local.api

  name               = "${local.prefix}-api"
  description        = "What to watch next, from what is published"
  package            = local.uploaded["api"]
  architecture       = var.architecture
  memory_mib         = local.sizes["api"].memory_mib
  timeout_seconds    = local.sizes["api"].timeout_seconds
  ephemeral_mib      = local.sizes["api"].ephemeral_mib
  kms_key_arn        = aws_kms_key.this.arn
  dead_letter_arn    = aws_sqs_queue.dead_letters.arn
  log_retention_days = var.log_retention_days

  # Whoever asked is told, and may ask again; how many are answered badly has an alarm
  # of its own.
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

# For whoever asks what to recommend: attach it to a role, a user or a task. It is for
# those who ask in viewers' names, as it lets them ask for every viewer.
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
