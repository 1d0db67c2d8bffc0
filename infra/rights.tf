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

locals {
  # All IAM statements that grant permissions, for the least-privilege tests.
  granted = flatten([
    for policy in concat(
      values(local.functions)[*].policy,
      values(aws_iam_role_policy.machine)[*].policy,
      aws_iam_role_policy.crawler[*].policy,
      values(aws_iam_policy.caller)[*].policy,
      [aws_iam_role_policy.scheduler.policy, aws_iam_policy.producer.policy, aws_iam_policy.analyst.policy],
    ) : jsondecode(policy).Statement
  ])
}
