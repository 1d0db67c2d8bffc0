# Extracts the columns of the tables from the Rust code, in Glue's types.
locals {
  # Each file ends with a brace, so the files can be concatenated.
  source = join("\n", [for name in ["schema", "curated"] : file("${path.module}/../../../crates/tables/src/${name}.rs")])
  zone   = file("${path.module}/../../../crates/lake/src/zone.rs")

  glue_types = {
    "timestamp()"       = "timestamp"
    "DataType::Utf8"    = "string"
    "DataType::Int32"   = "int"
    "DataType::Int64"   = "bigint"
    "DataType::Float32" = "float"
    "DataType::Date32"  = "date"
    "DataType::Binary"  = "binary"
  }

  # A field, or `identity()`, which stands for three fields.
  field = "(?:needed|optional)\\(\"([a-z_]+)\",\\s*(timestamp\\(\\)|DataType::[A-Za-z0-9]+)\\)|(identity\\(\\))"

  functions = {
    identity         = "fn identity()"
    raw_events       = "fn raw_events()"
    quarantine       = "fn quarantine()"
    processed_events = "fn processed_events()"
    audit            = "fn audit()"
  }

  # The text from the function's name to the brace at the start of a line that ends it.
  fields = {
    for name, head in local.functions :
    name => regexall(local.field, split("\n}", split(" -> ", split(head, local.source)[1])[1])[0])
  }

  identity = [for field in local.fields.identity : { name = field[0], type = local.glue_types[field[1]] }]
}

output "columns" {
  value = {
    for table in ["raw_events", "quarantine", "processed_events", "audit"] : table => flatten([
      for field in local.fields[table] :
      field[2] != null ? local.identity : [{ name = field[0], type = local.glue_types[field[1]] }]
    ])
  }
}

output "audit_books" {
  value = regex("pub const AUDIT_BOOKS: &str = \"([a-z_/]+)\";", local.zone)[0]
}
