variable "name" {
  description = "The function's name, and its role's."
  type        = string
}

variable "description" {
  description = "What it does, in a sentence."
  type        = string
}

variable "package" {
  description = "Where the zip lies that it is made from."
  type = object({
    bucket  = string
    key     = string
    version = string
  })
}

variable "architecture" {
  description = "x86_64 or arm64: what the package was built for."
  type        = string
}

variable "memory_mib" {
  description = "Memory in MiB, which also decides the share of a CPU."
  type        = number
}

variable "timeout_seconds" {
  description = "Seconds after which a run is cut off."
  type        = number
}

variable "ephemeral_mib" {
  description = "MiB of /tmp."
  type        = number
  default     = 512
}

variable "environment" {
  description = "The environment variables."
  type        = map(string)
}

variable "statements" {
  description = "What it may do beyond logging and tracing: least privilege, every resource by name."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
}

variable "kms_key_arn" {
  description = "The key of its environment and its logs."
  type        = string
}

variable "dead_letter_arn" {
  description = "The queue for events of asynchronous calls that failed for good."
  type        = string
}

variable "async_max_age_seconds" {
  description = "How old an event of an asynchronous call may become."
  type        = number
  default     = 21600
}

variable "async_retries" {
  description = "How often an asynchronous call is tried again."
  type        = number
  default     = 2
}

variable "log_retention_days" {
  description = "Days that its logs stay."
  type        = number
}

variable "errors_to_alarm" {
  description = "How many failures within 5 minutes are an alarm; more than 1 where the caller tries again."
  type        = number
  default     = 1
}

variable "alarm_actions" {
  description = "Topics that its alarms go to directly."
  type        = list(string)
  default     = []
}
