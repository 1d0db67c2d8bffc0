# The tables that engines see have the columns that the code writes.

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

  assert {
    condition     = length(output.columns.raw_events) == 6 && length(output.columns.processed_events) == 30
    error_message = "schema.rs is not read as it is written: ${jsonencode(output.columns)}"
  }
}

run "tables" {
  assert {
    condition     = toset(keys(aws_glue_catalog_table.zone)) == toset(keys(run.code.columns))
    error_message = "A zone has a table, and nothing else has: the curated ones are publish's."
  }

  assert {
    condition = alltrue([
      for name, table in aws_glue_catalog_table.zone :
      [for column in table.storage_descriptor[0].columns : { name = column.name, type = column.type }] == run.code.columns[name]
    ])
    error_message = "The columns are not those of schema.rs: ${jsonencode({
      for name, table in aws_glue_catalog_table.zone : name => {
        glue = [for column in table.storage_descriptor[0].columns : "${column.name} ${column.type}"]
        code = [for column in run.code.columns[name] : "${column.name} ${column.type}"]
      }
    })}"
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.zone :
      [for key in table.partition_keys : "${key.name} ${key.type}"] == ["ingest_date date", "ingest_hour int"]
    ])
    error_message = "Zones are partitioned by the date and the hour of arrival."
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.zone :
      table.parameters["projection.enabled"] == "true" &&
      table.parameters["projection.ingest_hour.digits"] == "2" &&
      table.parameters["projection.ingest_hour.range"] == "0,23"
    ])
    error_message = "Partitions are projected, hours as 00 to 23."
  }

  assert {
    condition     = aws_glue_catalog_table.zone["raw_events"].parameters["storage.location.template"] == "s3://marquee-test-lake-123456789012/raw/events/ingest_date=$${ingest_date}/ingest_hour=$${ingest_hour}"
    error_message = "Projected hours lie where the transform puts them: ${aws_glue_catalog_table.zone["raw_events"].parameters["storage.location.template"]}"
  }

  assert {
    condition     = aws_glue_catalog_table.zone["raw_events"].parameters["projection.ingest_date.range"] == "NOW-200DAYS,NOW"
    error_message = "The dates that are projected are those that have not expired."
  }
}
