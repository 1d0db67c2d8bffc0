//! CSV tables whose header names the required columns in any order.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _};

use super::{SourceError, spool::SpooledFile, unexpected_value};

/// A reader of a table's `N` required columns.
pub(super) struct Table<const N: usize> {
    name: String,
    reader: csv::Reader<File>,
    wanted: [&'static str; N],
    /// The index in a row of each required column.
    indexes: [usize; N],
    record: csv::StringRecord,
}

/// A row's required columns, trimmed, with their position for messages.
pub(super) struct Row<'a, const N: usize> {
    pub(super) fields: [&'a str; N],
    /// The file offset of the row, or of the blank lines before it.
    offset: u64,
    name: &'a str,
    file: &'a File,
    wanted: &'a [&'static str; N],
}

impl<const N: usize> Table<N> {
    /// Opens a table and reads its header. Ignores additional columns.
    pub(super) fn open(
        spooled: SpooledFile,
        wanted: [&'static str; N],
    ) -> Result<Self, SourceError> {
        let SpooledFile { name, file } = spooled;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(csv_error(&name, reader.get_ref(), &error)),
        };
        if header.is_empty() {
            return Err(SourceError::Empty { name });
        }
        let mut indexes = [0; N];
        for (index, column) in indexes.iter_mut().zip(wanted) {
            let found = header.iter().position(|name| column_name(name) == column);
            *index = found.ok_or_else(|| SourceError::Columns {
                name: name.clone(),
                missing: column.to_owned(),
                expected: wanted.join(", "),
            })?;
        }
        Ok(Self {
            name,
            reader,
            wanted,
            indexes,
            record: csv::StringRecord::new(),
        })
    }

    /// Returns the next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_, N>>, SourceError> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(csv_error(&self.name, self.reader.get_ref(), &error)),
        }
        let record = &self.record;
        Ok(Some(Row {
            fields: self
                .indexes
                .map(|index| record.get(index).unwrap_or_default()),
            offset: record.position().map_or(0, csv::Position::byte),
            name: &self.name,
            file: self.reader.get_ref(),
            wanted: &self.wanted,
        }))
    }
}

impl<const N: usize> Row<'_, N> {
    /// Creates the error of an invalid value in required column number `column`.
    pub(super) fn unexpected(&self, column: usize, expected: &str) -> SourceError {
        let field = self.fields.get(column).copied().unwrap_or_default();
        let column = self.wanted.get(column).copied().unwrap_or_default();
        self.error(unexpected_value(column, field, expected))
    }

    /// Creates an error of this row.
    pub(super) fn error(&self, problem: impl Into<String>) -> SourceError {
        SourceError::line(self.name, line_at(self.file, self.offset), problem)
    }
}

/// Normalises a column's name for comparison: removes a byte order mark, white space
/// and quotes.
pub(super) fn column_name(name: &str) -> String {
    name.trim_start_matches('\u{feff}')
        .trim()
        .trim_matches('"')
        .to_owned()
}

fn csv_error(name: &str, file: &File, error: &csv::Error) -> SourceError {
    let problem = match error.kind() {
        csv::ErrorKind::Io(source) => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            return SourceError::io("read", name)(source);
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8; save the file as UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} columns, but the header has {expected_len}"),
        _ => error.to_string(),
    };
    let offset = error.position().map_or(0, csv::Position::byte);
    SourceError::line(name, line_at(file, offset), problem)
}

/// Returns the number, from 1, of the first line at or after `offset` that is not
/// blank. The CSV reader's own count includes blank lines before a row.
///
/// Changes the file's position, so the table cannot be read further.
fn line_at(mut file: &File, offset: u64) -> u64 {
    let mut count = || {
        file.rewind()?;
        let mut line = 1;
        let mut reader = BufReader::new(file);
        for byte in (&mut reader).take(offset).bytes() {
            line += u64::from(byte? == b'\n');
        }
        for byte in reader.bytes() {
            match byte? {
                b'\n' => line += 1,
                b'\r' => {}
                _ => break,
            }
        }
        Ok::<u64, std::io::Error>(line)
    };
    // If the count fails, report the row's problem with line 0.
    count().unwrap_or_default()
}
