variable "api_enabled" {
  description = "Whether there is the HTTP API that says what to watch next."
  type        = bool
  default     = true
}

variable "api_jwt_issuer" {
  description = "Who issues the tokens by which callers are known, an https address; null for callers that sign by IAM."
  type        = string
  default     = null

  validation {
    condition     = var.api_jwt_issuer == null || can(regex("^https://[^ ]+$", var.api_jwt_issuer))
    error_message = "api_jwt_issuer is an https address: the keys are fetched from below it."
  }
}

variable "api_jwt_audience" {
  description = "Whom a token has to be for, one of these."
  type        = list(string)
  default     = []

  validation {
    condition     = (var.api_jwt_issuer == null) == (length(var.api_jwt_audience) == 0)
    error_message = "api_jwt_audience goes with api_jwt_issuer: both, or neither. Without it every token of the issuer's would do, whatever it was made for."
  }
}

variable "api_cors_origins" {
  description = "Origins whose pages may ask in a browser, like https://example.com; empty for none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.api_cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "api_cors_origins are named one by one, like https://example.com."
  }
}

variable "api_rate_limit" {
  description = "Requests a second that are answered; what is more gets 429. What the API can cost is bounded by it."
  type        = number
  default     = 100
}

variable "api_burst_limit" {
  description = "Requests that may come at once."
  type        = number
  default     = 200
}

variable "api_refresh_seconds" {
  description = "How long the API answers from what it has read before it looks for what was published since, 1 to 3600."
  type        = number
  default     = 60

  validation {
    condition     = var.api_refresh_seconds >= 1 && var.api_refresh_seconds <= 3600
    error_message = "api_refresh_seconds is 1 to 3600."
  }
}

variable "api_error_percent" {
  description = "How many of a hundred requests may fail on the API's side."
  type        = number
  default     = 1
}

variable "api_latency_ms" {
  description = "How long the slowest of a hundred requests may take."
  type        = number
  default     = 2000
}
