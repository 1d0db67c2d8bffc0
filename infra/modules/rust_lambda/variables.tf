variable "name" {
  description = "Name of the function and of its role."
  type        = string
}

variable "description" {
  description = "Description of the function."
  type        = string
}

variable "package" {
  description = "Location of the zip file that the function is created from."
  type = object({
    bucket  = string
    key     = string
    version = string
  })
}

variable "architecture" {
  description = "Architecture of the package: x86_64 or arm64."
  type        = string
}

variable "memory_mib" {
  description = "Memory in MiB. Lambda allocates CPU in proportion."
  type        = number
}

variable "timeout_seconds" {
  description = "Timeout of a call in seconds."
  type        = number
}

variable "ephemeral_mib" {
  description = "Size of /tmp in MiB."
  type        = number
  default     = 512
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
}

variable "statements" {
  description = "IAM statements beyond logging and tracing. Name every resource (least privilege)."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the environment variables and the logs."
  type        = string
}

variable "dead_letter_arn" {
  description = "ARN of the dead letter queue for asynchronous calls that failed after all retries."
  type        = string
}

variable "async_max_age_seconds" {
  description = "Maximum age of an asynchronous call in seconds."
  type        = number
  default     = 21600
}

variable "async_retries" {
  description = "Maximum number of retries of an asynchronous call."
  type        = number
  default     = 2
}

variable "log_retention_days" {
  description = "Retention of the logs in days."
  type        = number
}

variable "errors_to_alarm" {
  description = "Number of failures within 5 minutes that raise an alarm. Set more than 1 if the caller retries."
  type        = number
  default     = 1
}

variable "alarms" {
  description = "Alarms to create: any of errors, throttles and duration."
  type        = set(string)
}

variable "alarm_actions" {
  description = "ARNs of topics to which the alarms publish directly."
  type        = list(string)
  default     = []
}
