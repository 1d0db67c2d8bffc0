# Least privilege, over every policy document of the deployment: local.identity_policies,
# local.trust_policies and local.resource_policies of rights.tf. Everything optional is on,
# so that no document is left out.

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
  environment       = "test"
  packages_dir      = "tests/packages"
  api_enabled       = true
  crawler_enabled   = true
  warehouse_enabled = true

  # Statements whose actions AWS binds to no resource.
  without_resource = ["Trace", "DeliverLogs", "ReadSecurityConfiguration"]
}

run "policies" {
  assert {
    condition = (
      length(module.load) == 1 && length(module.api) == 1 && length(aws_iam_role.crawler) == 1 &&
      length(aws_iam_role.copy) == 1 && length(aws_iam_policy.caller) == 1
    )
    error_message = "A policy that is not deployed here is not judged."
  }

  # What roles and attachable policies grant.
  assert {
    condition = length([
      for statement in local.granted : statement
      if anytrue([for action in flatten([statement.Action]) : action == "*" || endswith(action, ":*")])
    ]) == 0
    error_message = "A right is named by its action, never by `*`."
  }

  assert {
    condition = length([
      for statement in local.granted : statement.Sid
      if contains(flatten([statement.Resource]), "*") && !contains(var.without_resource, statement.Sid) &&
      !can(statement.Condition.StringEquals["redshift-data:statement-owner-iam-userid"])
    ]) == 0
    error_message = "A right is bound to resources, or to the caller's own statements, except where AWS knows no resource."
  }

  assert {
    condition     = alltrue([for statement in local.granted : length(flatten([statement.Resource])) > 0])
    error_message = "IAM refuses a statement without a resource."
  }

  assert {
    condition     = alltrue([for statement in local.granted : statement.Effect == "Allow"])
    error_message = "A role is granted what it needs; nothing is granted and then denied."
  }

  # Who may assume the roles.
  assert {
    condition = alltrue([
      for statement in local.trusted : keys(statement.Principal) == ["Service"] && statement.Action == "sts:AssumeRole"
    ])
    error_message = "AWS services alone assume the roles."
  }

  # Who may use a key, a topic, a queue or a bucket by its own policy.
  assert {
    condition = [
      for statement in local.exposed : statement.Principal
      if statement.Effect == "Allow" && !can(statement.Principal.Service)
    ] == [{ AWS = "arn:aws:iam::123456789012:root" }]
    error_message = "Besides services, only the account has rights by a resource's policy, and only on its key."
  }

  assert {
    condition = alltrue([
      for statement in local.exposed :
      keys(statement.Principal) == ["Service"] && can(statement.Condition) &&
      !anytrue([for action in flatten([statement.Action]) : action == "*" || endswith(action, ":*")])
      if statement.Effect == "Allow" && can(statement.Principal.Service)
    ])
    error_message = "A service has named rights, for this deployment or this account only."
  }
}
