//! Embeds the files of `sql/redshift`.

#[path = "../sql/files.rs"]
mod files;

fn main() -> std::io::Result<()> {
    files::write(&[
        ("TABLES", "sql/redshift/ddl"),
        ("LOADS", "sql/redshift/load"),
        ("LOOKS", "sql/redshift/look"),
        ("MIGRATIONS", "sql/redshift/migrations"),
        ("VIEWS", "sql/redshift/views"),
    ])
}
