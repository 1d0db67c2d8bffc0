variable "warehouse_enabled" {
  description = "Whether there is a Redshift Serverless warehouse, and published dates are loaded into it."
  type        = bool
  default     = false
}

variable "warehouse_database" {
  description = "Its database."
  type        = string
  default     = "marquee"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,63}$", var.warehouse_database))
    error_message = "warehouse_database is 1 to 64 small letters, digits and underscores, and begins with a letter."
  }
}

variable "warehouse_base_rpu" {
  description = "What it begins to compute with: 4, or a multiple of 8 up to 512. An RPU is 16 GB of memory."
  type        = number
  default     = 8

  validation {
    condition     = var.warehouse_base_rpu == 4 || (var.warehouse_base_rpu % 8 == 0 && var.warehouse_base_rpu >= 8 && var.warehouse_base_rpu <= 512)
    error_message = "warehouse_base_rpu is 4, or a multiple of 8 from 8 to 512."
  }
}

variable "warehouse_max_rpu" {
  description = "What it may grow to."
  type        = number
  default     = 32

  validation {
    condition     = var.warehouse_max_rpu >= var.warehouse_base_rpu
    error_message = "warehouse_max_rpu is at least warehouse_base_rpu."
  }
}

variable "warehouse_monthly_rpu_hours" {
  description = "RPU-hours of a month, after which warehouse_breach_action comes."
  type        = number
  default     = 100
}

variable "warehouse_breach_action" {
  description = "What comes then: log, emit-metric or deactivate, after which nothing runs until the month is over."
  type        = string
  default     = "deactivate"

  validation {
    condition     = contains(["log", "emit-metric", "deactivate"], var.warehouse_breach_action)
    error_message = "warehouse_breach_action is log, emit-metric or deactivate."
  }
}

variable "warehouse_statement_seconds" {
  description = "How long a statement of a load may take, its waiting for other loads counted."
  type        = number
  default     = 1800
}

variable "warehouse_subnet_ids" {
  description = "Subnets of yours for it, in three zones, with a way to S3; empty for a network of its own."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.warehouse_subnet_ids) == 0 || length(var.warehouse_subnet_ids) >= 3
    error_message = "warehouse_subnet_ids are three at least, in three zones, or none."
  }
}

variable "warehouse_security_group_ids" {
  description = "Security groups of yours for it, where the subnets are yours."
  type        = list(string)
  default     = []

  validation {
    condition     = (length(var.warehouse_subnet_ids) == 0) == (length(var.warehouse_security_group_ids) == 0)
    error_message = "warehouse_security_group_ids go with warehouse_subnet_ids: both, or neither."
  }
}

variable "warehouse_cidr" {
  description = "The addresses of its own network."
  type        = string
  default     = "10.60.0.0/24"

  validation {
    condition     = can(cidrsubnet(var.warehouse_cidr, 3, 2))
    error_message = "warehouse_cidr is a network like 10.60.0.0/24."
  }
}

output "warehouse_workgroup" {
  description = "The Redshift Serverless workgroup; null without a warehouse."
  value       = one([for workgroup in aws_redshiftserverless_workgroup.this : workgroup.workgroup_name])
}
