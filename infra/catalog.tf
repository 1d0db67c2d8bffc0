# The Glue tables of the zones by arrival and of the audits, for Athena, Redshift and Spark.
# They use partition projection, so no process registers partitions. The curated tables are
# in the same database, but only `publish` creates and updates them: two owners would revert
# each other's changes.
resource "aws_glue_catalog_database" "lake" {
  name         = replace(local.prefix, "-", "_")
  description  = "Marquee (${var.environment}): zones by arrival, and curated tables by date of events"
  location_uri = "${local.lake_url}/"
}

locals {
  # The columns of each table that Terraform creates. crates/tables writes this file and
  # its tests compare it with the code.
  columns = jsondecode(file("${path.module}/columns.json"))

  # The location of the audit's table in the lake: the only prefix of curated to which the
  # audit may write.
  audit_books = "curated/audit_books"

  zone_tables = {
    raw_events = {
      zone        = "raw"
      days        = var.raw_days
      description = "Every unit verbatim, by arrival"
    }
    quarantine = {
      zone        = "quarantine"
      days        = var.quarantine_days
      description = "Rejected units with the rejection reason, by arrival"
    }
    processed_events = {
      zone        = "processed"
      days        = var.processed_days
      description = "Typed and enriched events, by arrival; `events` has the deduplicated ones"
    }
  }
}

resource "aws_glue_catalog_table" "zone" {
  for_each = local.zone_tables

  name          = each.key
  database_name = aws_glue_catalog_database.lake.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL       = "TRUE"
    classification = "parquet"

    # The dates that may have data; older objects have expired.
    "projection.enabled"                   = "true"
    "projection.ingest_date.type"          = "date"
    "projection.ingest_date.format"        = "yyyy-MM-dd"
    "projection.ingest_date.range"         = "NOW-${each.value.days}DAYS,NOW"
    "projection.ingest_date.interval"      = "1"
    "projection.ingest_date.interval.unit" = "DAYS"
    "projection.ingest_hour.type"          = "integer"
    "projection.ingest_hour.range"         = "0,23"
    "projection.ingest_hour.digits"        = "2"
    "storage.location.template"            = "${local.lake_url}/${each.value.zone}/events/ingest_date=$${ingest_date}/ingest_hour=$${ingest_hour}"
  }

  partition_keys {
    name = "ingest_date"
    type = "date"
  }

  partition_keys {
    name = "ingest_hour"
    type = "int"
  }

  storage_descriptor {
    location      = "${local.lake_url}/${each.value.zone}/events/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns[each.key]

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

# Both books of each date, as its last audit counted them. They belong to no generation, so
# `publish` does not register them.
resource "aws_glue_catalog_table" "audit_books" {
  name          = "audit_books"
  database_name = aws_glue_catalog_database.lake.name
  description   = "Every figure of both books of each date, as the last audit counted them"
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL       = "TRUE"
    classification = "parquet"

    # An event can be up to an hour in the future, so its date can be tomorrow. It can also
    # be old when it arrives. Books do not expire: the range starts ten years before the
    # oldest accepted event.
    "projection.enabled"                  = "true"
    "projection.event_date.type"          = "date"
    "projection.event_date.format"        = "yyyy-MM-dd"
    "projection.event_date.range"         = "NOW-${var.max_age_days + 3650}DAYS,NOW+1DAYS"
    "projection.event_date.interval"      = "1"
    "projection.event_date.interval.unit" = "DAYS"
    "storage.location.template"           = "${local.lake_url}/${local.audit_books}/event_date=$${event_date}"
  }

  partition_keys {
    name = "event_date"
    type = "date"
  }

  storage_descriptor {
    location      = "${local.lake_url}/${local.audit_books}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns.audit_books

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}
