//! Writer of the title catalog that belongs to the events of a source.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use marquee_event::Title;

/// Writes `titles` to `path` atomically as NDJSON: a reader sees the old file or
/// the whole new one.
///
/// # Errors
/// An error of the file system.
pub fn write(path: &Path, titles: &[Title]) -> io::Result<()> {
    let mut partial = OsString::from(path);
    partial.push(".partial");
    let partial = Path::new(&partial);
    let written = write_all(partial, titles).and_then(|()| fs::rename(partial, path));
    if written.is_err() {
        // Remove the incomplete file; the first error is the one to report.
        let _ = fs::remove_file(partial);
    }
    written
}

fn write_all(path: &Path, titles: &[Title]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for title in titles {
        serde_json::to_writer(&mut file, title)?;
        file.write_all(b"\n")?;
    }
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use marquee_event::TitleKind;

    fn title(id: &str) -> Title {
        Title {
            title_id: id.into(),
            name: "Ein \"Film\"\n".into(),
            kind: TitleKind::Movie,
            series_id: None,
            season: None,
            episode: None,
            genres: vec!["Drama".into()],
            runtime_ms: None,
            runtime_estimated: false,
            release_date: None,
        }
    }

    #[test]
    fn replaces_the_whole_file_and_leaves_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("titles.ndjson");
        write(&path, &[title("a"), title("b")]).unwrap();
        write(&path, &[title("c")]).unwrap();
        let lines: Vec<Title> = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines, [title("c")]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        assert!(write(Path::new("/nowhere/at/all/titles.ndjson"), &[]).is_err());
    }
}
