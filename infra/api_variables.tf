variable "api_enabled" {
  description = "Create the HTTP API for recommendations."
  type        = bool
  default     = true
}

variable "api_jwt_issuer" {
  description = "Issuer of the callers' JSON web tokens, an https URL; null for callers that sign with IAM."
  type        = string
  default     = null

  validation {
    condition     = var.api_jwt_issuer == null || can(regex("^https://[^ ]+$", var.api_jwt_issuer))
    error_message = "api_jwt_issuer must be an https URL; API Gateway reads the signing keys below it."
  }
}

variable "api_jwt_audience" {
  description = "Accepted audiences; a token must have one of them."
  type        = list(string)
  default     = []

  validation {
    condition     = (var.api_jwt_issuer == null) == (length(var.api_jwt_audience) == 0)
    error_message = "Set both api_jwt_audience and api_jwt_issuer, or neither. Without an audience, every token of the issuer would be accepted."
  }
}

variable "api_cors_origins" {
  description = "Origins whose pages may call the API from a browser, such as https://example.com; empty for none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.api_cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "api_cors_origins must be single origins such as https://example.com; wildcards are not allowed."
  }
}

variable "api_rate_limit" {
  description = "Maximum requests a second; requests above the limit get 429. This bounds the cost of the API."
  type        = number
  default     = 100
}

variable "api_burst_limit" {
  description = "Maximum burst of requests."
  type        = number
  default     = 200
}

variable "api_refresh_seconds" {
  description = "Seconds that the API answers from its cached state before it checks for a newer generation, 1 to 3600."
  type        = number
  default     = 60

  validation {
    condition     = var.api_refresh_seconds >= 1 && var.api_refresh_seconds <= 3600
    error_message = "api_refresh_seconds must be 1 to 3600."
  }
}

variable "api_error_percent" {
  description = "Percentage of requests that fail on the API's side above which an alarm is raised."
  type        = number
  default     = 1
}

variable "api_latency_ms" {
  description = "99th percentile latency in milliseconds above which an alarm is raised."
  type        = number
  default     = 2000
}
