//! Embeds the files of `sql/marts` and `sql/checks`.

#[path = "files.rs"]
mod files;

fn main() -> std::io::Result<()> {
    files::write(&[("MARTS", "sql/marts"), ("CHECKS", "sql/checks")])
}
