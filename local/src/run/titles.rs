//! Reads the title catalog that a producer writes beside its stream.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use marquee_event::Title;

use crate::bad_input::BadInput;

/// Reads the title catalog at `path`, one JSON object per line; `None` if there is no
/// such file.
///
/// # Errors
/// Names the line that is not a valid title, and the problem.
pub(super) fn read(path: &Path) -> Result<Option<Vec<Title>>, BadInput> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BadInput(format!("cannot read {}: {error}", path.display()))),
    };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut titles: Vec<Title> = Vec::new();
    let mut seen = HashSet::new();
    for (line, number) in bytes.split(|&byte| byte == b'\n').zip(1..) {
        let fault =
            |problem: String| BadInput(format!("{}, line {number}: {problem}", path.display()));
        let title: Title =
            serde_json::from_slice(line).map_err(|error| fault(without_line(&error)))?;
        title.validate().map_err(|error| fault(error.to_string()))?;
        if !seen.insert(title.title_id.clone()) {
            return Err(fault(format!("title {:?} occurs twice", title.title_id)));
        }
        titles.push(title);
    }
    Ok(Some(titles))
}

/// Formats a parse error without its line number, which is always 1.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((problem, column)) => format!("{problem} (column {column})"),
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Option<Vec<Title>>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("titles.ndjson");
        fs::write(&path, text).unwrap();
        read(&path).map_err(|error| {
            error
                .to_string()
                .replace(dir.path().to_str().unwrap(), "DIR")
        })
    }

    const HEAT: &str = r#"{"title_id":"t1","name":"Heat","kind":"movie"}"#;
    const ALIEN: &str = r#"{"title_id":"t2","name":"Alien","kind":"movie"}"#;

    #[test]
    fn one_title_is_read_per_line() {
        assert_eq!(read_text("").unwrap().unwrap().len(), 0);
        assert_eq!(
            read_text(&format!("{HEAT}\n{ALIEN}\n"))
                .unwrap()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(read_text(HEAT).unwrap().unwrap()[0].name, "Heat");
        assert_eq!(read(Path::new("no/such/file")).unwrap(), None);
    }

    #[test]
    fn an_error_names_the_line() {
        let fault = |line: &str| read_text(&format!("{HEAT}\n{line}\n{ALIEN}\n")).unwrap_err();
        assert_eq!(
            fault("{\"title_id\":7}"),
            "DIR/titles.ndjson, line 2: invalid type: integer `7`, expected a string (column 13)"
        );
        assert_eq!(
            fault(HEAT),
            "DIR/titles.ndjson, line 2: title \"t1\" occurs twice"
        );
        assert!(fault("").starts_with("DIR/titles.ndjson, line 2: EOF"));
        let no_date = ALIEN.replace('}', ",\"release_date\":\"soon\"}");
        assert_eq!(
            fault(&no_date),
            "DIR/titles.ndjson, line 2: title \"t2\": release_date must be a date, YYYY-MM-DD"
        );
    }
}
