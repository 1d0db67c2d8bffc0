//! The rows of a watch log: CSV, or a JSON object on each line.

use marquee_event::bounds;
use serde_json::{Map, Value};

use super::super::ndjson::Lines;
use super::super::spool::SpooledFile;
use super::super::table::{Row, Table};
use super::super::{SourceError, detect, unexpected_value};
use super::COLUMNS;

/// A reader of the rows.
pub(super) enum RowReader {
    Csv(Table<4>),
    Json(Lines),
}

/// A row's values, trimmed. An absent value is empty.
pub(super) enum WatchLogRow<'a> {
    Csv(Row<'a, 4>),
    Json {
        fields: [String; 4],
        name: String,
        line: u64,
    },
}

impl RowReader {
    /// Opens a watch log. It holds JSON if its first line starts with `{`.
    pub(super) fn open(mut file: SpooledFile) -> Result<Self, SourceError> {
        let first = detect::first_line(&mut file)?;
        file.rewind()?;
        if first.is_some_and(|line| line.starts_with('{')) {
            Ok(Self::Json(Lines::new(&file)?))
        } else {
            Ok(Self::Csv(Table::open(file, COLUMNS)?))
        }
    }

    /// Returns the next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<WatchLogRow<'_>>, SourceError> {
        match self {
            Self::Csv(table) => Ok(table.next()?.map(WatchLogRow::Csv)),
            Self::Json(lines) => {
                let name = lines.name.clone();
                let Some(line) = lines.next()? else {
                    return Ok(None);
                };
                let fields = json_fields(line.bytes)
                    .map_err(|problem| SourceError::line(&name, line.number, problem))?;
                let line = line.number;
                Ok(Some(WatchLogRow::Json { fields, name, line }))
            }
        }
    }
}

impl WatchLogRow<'_> {
    /// Returns the values of the columns, in the order of [`COLUMNS`].
    pub(super) fn fields(&self) -> [&str; 4] {
        match self {
            Self::Csv(row) => row.fields,
            Self::Json { fields, .. } => fields.each_ref().map(String::as_str),
        }
    }

    /// Creates the error of an invalid value in column number `column`.
    pub(super) fn unexpected(&self, column: usize, expected: &str) -> SourceError {
        match self {
            Self::Csv(row) => row.unexpected(column, expected),
            Self::Json { fields, name, line } => {
                let value = fields.get(column).map_or("", String::as_str);
                let column = COLUMNS.get(column).copied().unwrap_or_default();
                SourceError::line(name, *line, unexpected_value(column, value, expected))
            }
        }
    }

    /// Returns the valid user id.
    pub(super) fn user_id(&self) -> Result<&str, SourceError> {
        let [user, ..] = self.fields();
        if user.is_empty() || user.len() > bounds::ID_BYTES || user.contains('\0') {
            return Err(self.unexpected(0, "an id of 1 to 128 bytes"));
        }
        Ok(user)
    }
}

/// Returns the values of the columns in a line; numbers as their text, absent values
/// and null as an empty text. Ignores additional fields.
fn json_fields(line: &[u8]) -> Result<[String; 4], String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8; save the file as UTF-8")?;
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            "not a JSON object".to_owned()
        } else {
            format!("invalid JSON at column {}", error.column())
        }
    })?;
    Ok(COLUMNS.map(|column| match object.get(column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(value)) => value.trim().to_owned(),
        Some(value) => value.to_string(),
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_or_numbers() {
        let line = br#"{"watch_date":" 2026-01-05 ","user_id":7,"x":[],"watch_duration_minutes":42.5,"show_name":null}"#;
        assert_eq!(
            json_fields(line).unwrap(),
            ["7", "", "42.5", "2026-01-05"].map(str::to_owned)
        );
        assert_eq!(json_fields(b"[1]").unwrap_err(), "not a JSON object");
        assert_eq!(json_fields(b"{").unwrap_err(), "invalid JSON at column 1");
        assert_eq!(
            json_fields(b"\xff").unwrap_err(),
            "not UTF-8; save the file as UTF-8"
        );
    }
}
