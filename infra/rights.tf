# The permissions of each function in the lake, zone by zone, as in docs/adr/0006-on-aws.md.
locals {
  lake_zones = {
    transform = { reads = ["reference", "ledger/receipts"], writes = ["raw", "quarantine", "processed", "ledger/receipts"] }
    plan      = { reads = ["ledger", "reference"], writes = ["staging"] }
    split     = { reads = ["processed", "staging"], writes = ["staging"] }
    compact   = { reads = ["processed", "staging", "curated", "reference"], writes = ["curated", "staging"] }
    gather    = { reads = ["staging", "ledger"], writes = ["staging"] }
    check     = { reads = ["staging", "curated", "reference"], writes = ["staging"] }
    prepare   = { reads = ["staging", "ledger", "curated"], writes = ["staging"] }
    marts     = { reads = ["staging", "curated", "reference"], writes = ["curated", "staging"] }
    book      = { reads = ["staging", "ledger"], writes = ["ledger/days", "curated", "staging"] }
    publish   = { reads = ["staging", "curated", "ledger"], writes = ["ledger/days"] }
    audit     = { reads = ["raw", "quarantine", "processed", "ledger", "curated", "reference", "staging", "failed"], writes = ["ledger/days", local.audit_books] }
    replay    = { reads = ["quarantine", "processed", "raw", "ledger", "reference"], writes = ["processed", "quarantine", "ledger/receipts"] }
    rebuild   = { reads = ["raw", "quarantine", "processed", "ledger", "reference"], writes = ["processed", "quarantine"] }
    sweep     = { reads = ["ledger", "curated", "staging"], deletes = ["curated", "staging"] }
    alert     = { reads = ["ledger/alerts"], writes = ["ledger/alerts"] }
    load      = { reads = ["ledger", "curated"], writes = ["ledger/loads"] }
    api       = { reads = concat(["ledger/days", "reference/titles"], [for table in local.api_tables : "curated/${table}"]) }
  }

  # The tables that the API reads. Only the last two describe viewers; the API reads no events.
  api_tables = ["title_popularity", "title_rating", "title_neighbour", "user_genre_affinity", "user_title"]

  lake_rights = {
    for function, zones in local.lake_zones : function => concat(
      [
        local.list_lake,
        local.use_key,
        {
          sid       = "ReadZones"
          actions   = ["s3:GetObject"]
          resources = [for zone in zones.reads : "${local.lake_arn}/${zone}/*"]
        },
      ],
      [
        for zones in [lookup(zones, "writes", [])] : {
          # Large objects are uploaded in parts; a failed upload is aborted.
          sid       = "WriteZones"
          actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
          resources = [for zone in zones : "${local.lake_arn}/${zone}/*"]
        } if length(zones) > 0
      ],
      [
        for zones in [lookup(zones, "deletes", [])] : {
          sid       = "DeleteInZones"
          actions   = ["s3:DeleteObject"]
          resources = [for zone in zones : "${local.lake_arn}/${zone}/*"]
        } if length(zones) > 0
      ],
    )
  }
}

# Every policy document of the deployment, for `terraform test` (tests/policies.tftest.hcl).
# A test of tests/tidy names a document that is missing here.
locals {
  # The rights of each role, and of the policies that people attach.
  identity_policies = concat(
    [module.transform.policy, module.alert.policy],
    values(module.day)[*].policy,
    values(module.load)[*].policy,
    values(module.api)[*].policy,
    values(aws_iam_role_policy.machine)[*].policy,
    values(aws_iam_role_policy.copy)[*].policy,
    values(aws_iam_role_policy.own_statements)[*].policy,
    aws_iam_role_policy.crawler[*].policy,
    [aws_iam_role_policy.scheduler.policy],
    values(aws_iam_policy.caller)[*].policy,
    [aws_iam_policy.producer.policy, aws_iam_policy.analyst.policy],
  )

  # The principals that may assume each role.
  trust_policies = concat(
    [module.transform.trust_policy, module.alert.trust_policy],
    values(module.day)[*].trust_policy,
    values(module.load)[*].trust_policy,
    values(module.api)[*].trust_policy,
    values(aws_iam_role.machine)[*].assume_role_policy,
    values(aws_iam_role.copy)[*].assume_role_policy,
    aws_iam_role.crawler[*].assume_role_policy,
    [aws_iam_role.scheduler.assume_role_policy],
  )

  # The principals that may use a resource by its own policy.
  resource_policies = [
    aws_kms_key.this.policy,
    aws_sns_topic_policy.alerts.policy,
    aws_sqs_queue_policy.undelivered.policy,
    module.lake.policy,
    module.artifacts.policy,
    module.results.policy,
  ]

  granted = flatten([for policy in local.identity_policies : jsondecode(policy).Statement])
  trusted = flatten([for policy in local.trust_policies : jsondecode(policy).Statement])
  exposed = flatten([for policy in local.resource_policies : jsondecode(policy).Statement])
}
