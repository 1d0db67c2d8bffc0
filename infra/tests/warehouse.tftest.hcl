# The warehouse exists if enabled, and reads published data only.

mock_provider "aws" {
  source = "./tests/aws"
}

override_data {
  target = data.aws_availability_zones.available
  values = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
}

override_resource {
  target = aws_redshiftserverless_workgroup.this
  values = { arn = "arn:aws:redshift-serverless:eu-central-1:123456789012:workgroup/a-workgroup" }
}

override_resource {
  target = aws_redshiftserverless_namespace.this
  values = { admin_password_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-secret" }
}

variables {
  environment  = "test"
  packages_dir = "tests/packages"
}

run "without" {
  assert {
    condition     = length(aws_redshiftserverless_namespace.this) == 0 && length(aws_vpc.warehouse) == 0 && !contains(keys(local.functions), "load")
    error_message = "Without warehouse_enabled there must be no resource of the warehouse."
  }
}

run "with" {
  variables {
    warehouse_enabled = true
  }

  assert {
    condition     = contains(keys(local.functions), "load") && local.functions["load"].name == "marquee-test-load"
    error_message = "`load` must be a function like the others."
  }

  assert {
    condition = length(setsubtract(
      ["MARQUEE_BUCKET", "MARQUEE_WORKGROUP", "MARQUEE_WAREHOUSE_DATABASE", "MARQUEE_SECRET_ARN", "MARQUEE_COPY_ROLE_ARN", "MARQUEE_STATEMENT_SECONDS"],
      keys(module.load["load"].environment),
    )) == 0
    error_message = "`load` must have all its variables."
  }

  assert {
    condition     = length(aws_subnet.warehouse) == 3 && alltrue([for workgroup in aws_redshiftserverless_workgroup.this : !workgroup.publicly_accessible])
    error_message = "The warehouse must be in three zones and not public."
  }

  assert {
    condition = toset(flatten([
      for policy in aws_iam_role_policy.copy : [
        for statement in jsondecode(policy.policy).Statement : statement.Resource
        if statement.Sid == "ReadPublished"
      ]
      ])) == toset([
      "arn:aws:s3:::marquee-test-lake-123456789012/curated/*",
      "arn:aws:s3:::marquee-test-lake-123456789012/ledger/loads/*/manifests/*",
    ])
    error_message = "COPY may read only published files and manifests."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.own_statements :
      alltrue([for statement in jsondecode(policy.policy).Statement : can(statement.Condition.StringEquals)])
    ])
    error_message = "A condition on the owner must restrict the permission to read statements."
  }
}

run "in_a_network_of_yours" {
  variables {
    warehouse_enabled            = true
    warehouse_subnet_ids         = ["subnet-1", "subnet-2", "subnet-3"]
    warehouse_security_group_ids = ["sg-1"]
  }

  assert {
    condition     = length(aws_vpc.warehouse) == 0 && alltrue([for workgroup in aws_redshiftserverless_workgroup.this : length(workgroup.subnet_ids) == 3])
    error_message = "With existing subnets no network may be created."
  }
}
