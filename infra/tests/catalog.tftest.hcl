# The Glue tables have the columns that the code writes.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  environment  = "test"
  packages_dir = "tests/packages"
  raw_days     = 200
}

run "code" {
  module {
    source = "./tests/schema"
  }
}

run "tables" {
  assert {
    condition     = toset(keys(aws_glue_catalog_table.zone)) == setsubtract(keys(jsondecode(file("columns.json"))), ["audit_books"])
    error_message = "Each zone must have a table. `publish` creates the curated tables, except audit_books."
  }

  assert {
    condition = alltrue([
      for name, table in aws_glue_catalog_table.zone :
      [for column in table.storage_descriptor[0].columns : { name = column.name, type = column.type }] == jsondecode(file("columns.json"))[name]
    ])
    error_message = "The columns must be those of columns.json, in its order: ${jsonencode({
      for name, table in aws_glue_catalog_table.zone : name => [
        for column in table.storage_descriptor[0].columns : "${column.name} ${column.type}"
      ]
    })}"
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.zone :
      [for key in table.partition_keys : "${key.name} ${key.type}"] == ["ingest_date date", "ingest_hour int"]
    ])
    error_message = "Zone tables must be partitioned by date and hour of arrival."
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.zone :
      table.parameters["projection.enabled"] == "true" &&
      table.parameters["projection.ingest_hour.digits"] == "2" &&
      table.parameters["projection.ingest_hour.range"] == "0,23"
    ])
    error_message = "Partitions must be projected, with hours 00 to 23."
  }

  assert {
    condition     = aws_glue_catalog_table.zone["raw_events"].parameters["storage.location.template"] == "s3://marquee-test-lake-123456789012/raw/events/ingest_date=$${ingest_date}/ingest_hour=$${ingest_hour}"
    error_message = "Projected partitions must have the locations that the transform writes: ${aws_glue_catalog_table.zone["raw_events"].parameters["storage.location.template"]}"
  }

  assert {
    condition     = aws_glue_catalog_table.zone["raw_events"].parameters["projection.ingest_date.range"] == "NOW-200DAYS,NOW"
    error_message = "The projected dates must be those that have not expired."
  }

  assert {
    condition = (
      [for column in aws_glue_catalog_table.audit_books.storage_descriptor[0].columns : { name = column.name, type = column.type }] == jsondecode(file("columns.json")).audit_books &&
      [for key in aws_glue_catalog_table.audit_books.partition_keys : "${key.name} ${key.type}"] == ["event_date date"]
    )
    error_message = "audit_books must have the columns of columns.json and be partitioned by event_date: ${jsonencode(aws_glue_catalog_table.audit_books.storage_descriptor[0].columns)}"
  }

  assert {
    condition = (
      aws_glue_catalog_table.audit_books.storage_descriptor[0].location == "s3://marquee-test-lake-123456789012/${run.code.audit_books}/" &&
      aws_glue_catalog_table.audit_books.parameters["storage.location.template"] == "s3://marquee-test-lake-123456789012/${run.code.audit_books}/event_date=$${event_date}"
    )
    error_message = "audit_books must have the location that the code writes, ${run.code.audit_books}: ${jsonencode(aws_glue_catalog_table.audit_books.parameters)}"
  }

  assert {
    condition = (
      aws_glue_catalog_table.audit_books.parameters["projection.enabled"] == "true" &&
      aws_glue_catalog_table.audit_books.parameters["projection.event_date.range"] == "NOW-4050DAYS,NOW+1DAYS"
    )
    error_message = "The projected dates must range from ten years before the oldest accepted event to tomorrow."
  }
}
