variable "warehouse_enabled" {
  description = "Create a Redshift Serverless warehouse and load published dates into it."
  type        = bool
  default     = false
}

variable "warehouse_database" {
  description = "Name of the warehouse's database."
  type        = string
  default     = "marquee"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,63}$", var.warehouse_database))
    error_message = "warehouse_database must be 1 to 64 lower-case letters, digits and underscores, and start with a letter."
  }
}

variable "warehouse_base_rpu" {
  description = "Base capacity in RPUs: 4, or a multiple of 8 up to 512. One RPU has 16 GB of memory."
  type        = number
  default     = 8

  validation {
    condition     = var.warehouse_base_rpu == 4 || (var.warehouse_base_rpu % 8 == 0 && var.warehouse_base_rpu >= 8 && var.warehouse_base_rpu <= 512)
    error_message = "warehouse_base_rpu must be 4, or a multiple of 8 from 8 to 512."
  }
}

variable "warehouse_max_rpu" {
  description = "Maximum capacity in RPUs."
  type        = number
  default     = 32

  validation {
    condition     = var.warehouse_max_rpu >= var.warehouse_base_rpu
    error_message = "warehouse_max_rpu must be at least warehouse_base_rpu."
  }
}

variable "warehouse_monthly_rpu_hours" {
  description = "RPU-hours a month after which warehouse_breach_action applies."
  type        = number
  default     = 100
}

variable "warehouse_breach_action" {
  description = "Action at the usage limit: log, emit-metric or deactivate. After deactivate, nothing runs until the next month."
  type        = string
  default     = "deactivate"

  validation {
    condition     = contains(["log", "emit-metric", "deactivate"], var.warehouse_breach_action)
    error_message = "warehouse_breach_action must be log, emit-metric or deactivate."
  }
}

variable "warehouse_statement_seconds" {
  description = "Timeout of a statement of a load in seconds, including the wait for other loads."
  type        = number
  default     = 1800
}

variable "warehouse_subnet_ids" {
  description = "Existing subnets for the warehouse, in three zones, with a route to S3; empty to create a network."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.warehouse_subnet_ids) == 0 || length(var.warehouse_subnet_ids) >= 3
    error_message = "warehouse_subnet_ids must be empty, or at least three subnets in three zones."
  }
}

variable "warehouse_security_group_ids" {
  description = "Existing security groups for the warehouse; required with warehouse_subnet_ids."
  type        = list(string)
  default     = []

  validation {
    condition     = (length(var.warehouse_subnet_ids) == 0) == (length(var.warehouse_security_group_ids) == 0)
    error_message = "Set both warehouse_security_group_ids and warehouse_subnet_ids, or neither."
  }
}

variable "warehouse_cidr" {
  description = "Address range of the network that is created for the warehouse."
  type        = string
  default     = "10.60.0.0/24"

  validation {
    condition     = can(cidrsubnet(var.warehouse_cidr, 3, 2))
    error_message = "warehouse_cidr must be a network such as 10.60.0.0/24."
  }
}

output "warehouse_workgroup" {
  description = "Name of the Redshift Serverless workgroup; null without a warehouse."
  value       = one([for workgroup in aws_redshiftserverless_workgroup.this : workgroup.workgroup_name])
}
