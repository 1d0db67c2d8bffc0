# Every function has the variables and the permissions of docs/adr/0006-on-aws.md, and no more.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  environment  = "test"
  packages_dir = "tests/packages"

  # The functions of docs/adr/0006-on-aws.md, without `load`, which needs a warehouse.
  contract = [
    "alert", "api", "audit", "book", "check", "compact", "gather", "marts", "plan", "prepare", "publish",
    "rebuild", "replay", "split", "sweep", "transform",
  ]

  # All other functions run `daily`.
  binaries = { alert = "alert", api = "api", check = "marts", marts = "marts", transform = "transform" }

  everywhere = [
    "MARQUEE_BUCKET", "MARQUEE_S3_PATH_STYLE", "MARQUEE_METRICS_NAMESPACE",
    "MARQUEE_ALARMED_METRICS_ONLY", "MARQUEE_ENVIRONMENT",
  ]

  told = {
    transform = ["MARQUEE_RAW", "MARQUEE_MAX_FUTURE_SECONDS", "MARQUEE_MAX_AGE_DAYS"]
    plan      = ["MARQUEE_STEP", "MARQUEE_RETENTION_DAYS", "MARQUEE_BUCKET_ROWS", "MARQUEE_PART_ROWS"]
    split     = ["MARQUEE_STEP"]
    compact   = ["MARQUEE_STEP", "MARQUEE_MEMORY_MIB"]
    check     = ["MARQUEE_STEP"]
    marts     = ["MARQUEE_STEP"]
    publish   = ["MARQUEE_STEP", "MARQUEE_DATABASE"]
    replay    = ["MARQUEE_STEP", "MARQUEE_MAX_FUTURE_SECONDS", "MARQUEE_MAX_AGE_DAYS"]
    rebuild   = ["MARQUEE_STEP", "MARQUEE_MAX_FUTURE_SECONDS", "MARQUEE_MAX_AGE_DAYS"]
    sweep     = ["MARQUEE_STEP", "MARQUEE_KEEP_DAYS"]
    audit = [
      "MARQUEE_STEP", "MARQUEE_ANOMALY_ALERTS", "MARQUEE_ANOMALY_VOLUME_PERCENT", "MARQUEE_ANOMALY_REJECTED_POINTS",
      "MARQUEE_ANOMALY_VANISHED_PERCENT", "MARQUEE_ANOMALY_MIN_EVENTS",
    ]
    api   = ["MARQUEE_REFRESH_SECONDS"]
    alert = ["MARQUEE_TOPIC_ARN", "MARQUEE_ALERT_WINDOW_MINUTES", "MARQUEE_RUNBOOK_URL"]
  }
}

run "environment" {
  assert {
    condition     = sort(keys(local.functions)) == sort(var.contract)
    error_message = "The functions must be those of docs/adr/0006-on-aws.md: ${join(", ", keys(local.functions))}"
  }

  assert {
    condition     = alltrue([for name, function in local.functions : function.name == "marquee-test-${name}"])
    error_message = "The name of a function must be {prefix}-{name}."
  }

  assert {
    condition = length([
      for name, function in local.functions : name
      if length(setsubtract(concat(var.everywhere, lookup(var.told, name, [])), keys(function.environment))) > 0
    ]) == 0
    error_message = "Every variable of docs/adr/0006-on-aws.md must be set; missing: ${jsonencode({
      for name, function in local.functions :
      name => setsubtract(concat(var.everywhere, lookup(var.told, name, [])), keys(function.environment))
    })}"
  }

  assert {
    condition     = alltrue([for name, function in module.day : function.environment["MARQUEE_STEP"] == name])
    error_message = "MARQUEE_STEP must be the name of the function."
  }

  assert {
    condition = alltrue([
      for name, function in local.functions :
      function.package_key == "functions/${lookup(var.binaries, name, "daily")}.zip"
    ])
    error_message = "Each function must run the binary of docs/adr/0006-on-aws.md."
  }

  assert {
    condition     = module.day["compact"].environment["MARQUEE_MEMORY_MIB"] == "1804"
    error_message = "MARQUEE_MEMORY_MIB must be 60 % of the function's memory."
  }

  assert {
    condition     = !contains(keys(module.transform.environment), "AWS_ENDPOINT_URL") && module.transform.environment["MARQUEE_S3_PATH_STYLE"] == "false"
    error_message = "On AWS no endpoint may be set."
  }
}

run "stand_in" {
  command = plan

  variables {
    aws_endpoint_url = "http://127.0.0.1:4566"
  }

  assert {
    condition = alltrue([
      for function in local.functions :
      function.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566" && function.environment["MARQUEE_S3_PATH_STYLE"] == "true"
    ])
    error_message = "Each function must have the endpoint and path-style S3 requests."
  }
}

run "rights" {
  assert {
    condition = alltrue([
      for name, function in local.functions : length([
        for statement in jsondecode(function.policy).Statement : statement
        if contains(statement.Action, "s3:ListBucket") && !can(statement.Condition)
      ]) == 1
    ])
    error_message = "Every role must be allowed to list the bucket without a condition, so that a missing object is a 404."
  }

  assert {
    condition = toset(flatten([
      for name, function in local.functions : [
        for statement in jsondecode(function.policy).Statement : name if contains(statement.Action, "s3:DeleteObject")
      ]
    ])) == toset(["sweep"])
    error_message = "Only sweep may delete objects."
  }

  assert {
    condition = toset(flatten([
      for name, function in local.functions : [
        for statement in jsondecode(function.policy).Statement : name
        if contains(statement.Action, "s3:PutObject") && anytrue([for resource in statement.Resource : endswith(resource, "/ledger/days/*")])
      ]
    ])) == toset(["audit", "book", "publish"])
    error_message = "Only book, publish and audit may write beside the generations."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(local.functions["audit"].policy).Statement : [
        for resource in flatten([statement.Resource]) : regex("/.*$", resource)
      ]
      if contains(flatten([statement.Action]), "s3:PutObject")
    ])) == toset(["/ledger/days/*", "/curated/audit_books/*"])
    error_message = "An audit may write its books and nothing that a generation names."
  }

  assert {
    condition = toset(flatten([
      for name, function in local.functions : [
        for statement in jsondecode(function.policy).Statement : name
        if anytrue([for action in statement.Action : startswith(action, "glue:")])
      ]
    ])) == toset(["publish"])
    error_message = "Only publish may use Glue."
  }
}
