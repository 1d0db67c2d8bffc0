# Extracts the locations of the tables from the Rust code.
locals {
  zone = file("${path.module}/../../../crates/lake/src/zone.rs")
}

output "audit_books" {
  value = regex("pub const AUDIT_BOOKS: &str = \"([a-z_/]+)\";", local.zone)[0]
}
