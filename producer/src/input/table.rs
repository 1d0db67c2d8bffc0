//! CSV with a header that names the columns that are needed, in any order.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _};

use super::{SourceError, spool::Spooled};

/// A table whose rows give the `N` columns that were asked for.
pub(super) struct Table<const N: usize> {
    name: String,
    reader: csv::Reader<File>,
    wanted: [&'static str; N],
    /// Where in a row each wanted column is.
    places: [usize; N],
    record: csv::StringRecord,
}

/// A row: the wanted columns, trimmed, and what to say of them.
pub(super) struct Row<'a, const N: usize> {
    pub(super) fields: [&'a str; N],
    /// Where in the file it begins, or the blank lines before it do.
    offset: u64,
    name: &'a str,
    file: &'a File,
    wanted: &'a [&'static str; N],
}

impl<const N: usize> Table<N> {
    /// Reads the header. More columns than the wanted ones do not matter.
    pub(super) fn open(spooled: Spooled, wanted: [&'static str; N]) -> Result<Self, SourceError> {
        let Spooled { name, file } = spooled;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(problem_of(&name, reader.get_ref(), &error)),
        };
        if header.is_empty() {
            return Err(SourceError::Empty { name });
        }
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(wanted) {
            let found = header.iter().position(|name| column_name(name) == column);
            *place = found.ok_or_else(|| SourceError::Columns {
                name: name.clone(),
                missing: column.to_owned(),
                expected: wanted.join(", "),
            })?;
        }
        Ok(Self {
            name,
            reader,
            wanted,
            places,
            record: csv::StringRecord::new(),
        })
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_, N>>, SourceError> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(problem_of(&self.name, self.reader.get_ref(), &error)),
        }
        let record = &self.record;
        Ok(Some(Row {
            fields: self
                .places
                .map(|place| record.get(place).unwrap_or_default()),
            offset: record.position().map_or(0, csv::Position::byte),
            name: &self.name,
            file: self.reader.get_ref(),
            wanted: &self.wanted,
        }))
    }
}

impl<const N: usize> Row<'_, N> {
    /// The error that column number `column` (of the wanted ones) does not hold
    /// what is expected.
    pub(super) fn unexpected(&self, column: usize, expected: &str) -> SourceError {
        let field = self.fields.get(column).copied().unwrap_or_default();
        let shown: String = field.chars().take(60).collect();
        let column = self.wanted.get(column).copied().unwrap_or_default();
        self.error(format!("{column} is {shown:?}, but must be {expected}"))
    }

    /// The error that something is wrong with this row.
    pub(super) fn error(&self, problem: impl Into<String>) -> SourceError {
        SourceError::line(self.name, line_at(self.file, self.offset), problem)
    }
}

/// A column's name as it is compared: without what editors put around it.
pub(super) fn column_name(name: &str) -> String {
    name.trim_start_matches('\u{feff}')
        .trim()
        .trim_matches('"')
        .to_owned()
}

fn problem_of(name: &str, file: &File, error: &csv::Error) -> SourceError {
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

/// The number of the first line from `offset` on that is not blank, from 1.
/// The CSV reader's own count takes blank lines before a row for the row. To be
/// used when there is nothing more to read: it moves in the file.
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
    // A number that cannot be found is no reason to hide the problem.
    count().unwrap_or_default()
}
