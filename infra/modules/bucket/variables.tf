variable "name" {
  description = "Name of the bucket. Must be globally unique."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the objects."
  type        = string
}

variable "expirations" {
  description = "Expiration rules by name: the key prefix, the days until expiration, and the days until the transition to the infrequent access class (0 for none)."
  type = map(object({
    prefix          = string
    days            = number
    cold_after_days = optional(number, 0)
  }))
  default = {}
}

variable "noncurrent_days" {
  description = "Days that replaced and deleted versions are kept."
  type        = number
}

variable "incomplete_upload_days" {
  description = "Days after which incomplete multipart uploads are removed."
  type        = number
  default     = 7
}

variable "force_destroy" {
  description = "If true, destroying the configuration also deletes the objects."
  type        = bool
}

variable "access_log_bucket" {
  description = "Name of an existing bucket for access logs; null for none."
  type        = string
}
