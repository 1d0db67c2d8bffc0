variable "name" {
  description = "The bucket's name; one of its kind in the world."
  type        = string
}

variable "kms_key_arn" {
  description = "The key that objects are encrypted with."
  type        = string
}

variable "expirations" {
  description = "What is removed by its age: a rule's name, the keys' prefix, days, and after how many days it goes to the infrequent access class (0: never)."
  type = map(object({
    prefix          = string
    days            = number
    cold_after_days = optional(number, 0)
  }))
  default = {}
}

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version stays."
  type        = number
}

variable "incomplete_upload_days" {
  description = "Days after which a multipart upload that nobody finished is removed."
  type        = number
  default     = 7
}

variable "force_destroy" {
  description = "Whether destroying the configuration may take the objects along."
  type        = bool
}

variable "access_log_bucket" {
  description = "A bucket for access logs, which this configuration keeps none of its own for; null for none."
  type        = string
}
