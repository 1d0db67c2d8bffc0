//! The fields that came after the first format version, which follow from the
//! event's declaration: files of before lack their columns, which reads as null.

use arrow_array::RecordBatch;
use marquee_event::{ADDED_FIELDS, ColumnType};
use marquee_tables::encode::{Chunk, EncodeError, IntColumn, TextColumn, Width, Zstd};

use crate::columns::{self, Integers, Text};
use crate::error::TableError;
use crate::table::Place;

/// The column of an added field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added {
    pub(crate) name: &'static str,
    width: Option<Width>,
    /// Its place among those of strings, or those of integers.
    pub(crate) place: usize,
}

impl Added {
    /// Whether it holds strings; integers otherwise.
    pub(crate) const fn is_text(&self) -> bool {
        self.width.is_none()
    }
}

/// The columns, in the order of the table.
pub(crate) const ADDED: [Added; ADDED_FIELDS.len()] = {
    let mut columns = [Added {
        name: "",
        width: None,
        place: 0,
    }; ADDED_FIELDS.len()];
    let (mut texts, mut integers) = (0, 0);
    let mut at = 0;
    while at < columns.len() {
        let field = ADDED_FIELDS[at];
        let Some(name) = field.column else {
            panic!("crates/event/src/fields.rs adds a field that has no column")
        };
        let width = match field.kind.column_type() {
            Some(ColumnType::Text) => None,
            Some(ColumnType::Int32) => Some(Width::W32),
            Some(ColumnType::Int64) => Some(Width::W64),
            _ => panic!("crates/event/src/fields.rs adds a field of a type that none can have"),
        };
        let among = match width {
            None => &mut texts,
            Some(_) => &mut integers,
        };
        columns[at] = Added {
            name,
            width,
            place: *among,
        };
        *among += 1;
        at += 1;
    }
    columns
};

const fn count(of_text: bool) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < ADDED.len() {
        if ADDED[at].is_text() == of_text {
            count += 1;
        }
        at += 1;
    }
    count
}

/// How many of them hold strings.
pub(crate) const TEXTS: usize = count(true);
/// How many of them hold integers.
pub(crate) const INTEGERS: usize = count(false);

const fn names<const N: usize>(of_text: bool) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut at, mut found) = (0, 0);
    while at < ADDED.len() {
        if ADDED[at].is_text() == of_text {
            names[found] = ADDED[at].name;
            found += 1;
        }
        at += 1;
    }
    names
}

/// The names of those that hold strings.
pub(crate) const TEXT_NAMES: [&str; TEXTS] = names(true);
/// The names of those that hold integers.
pub(crate) const INTEGER_NAMES: [&str; INTEGERS] = names(false);

/// The columns of a batch.
pub(crate) struct AddedColumns<'a> {
    pub(crate) texts: [Text<'a>; TEXTS],
    pub(crate) integers: [Integers<'a>; INTEGERS],
}

impl<'a> AddedColumns<'a> {
    /// Finds the columns; those that the batch lacks are absent.
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, TableError> {
        let mut found = Self {
            texts: [Text::Absent; TEXTS],
            integers: [Integers::Absent; INTEGERS],
        };
        let has = |name: &str| batch.column_by_name(name).is_some();
        for (text, name) in found.texts.iter_mut().zip(TEXT_NAMES) {
            if has(name) {
                *text = columns::optional_text(batch, name)?;
            }
        }
        for (integers, name) in found.integers.iter_mut().zip(INTEGER_NAMES) {
            if has(name) {
                *integers = columns::optional_integers(batch, name)?;
            }
        }
        Ok(found)
    }
}

/// The column of an added field in a row group.
pub(crate) enum AddedBuilder {
    Text(TextColumn),
    Integer(IntColumn),
}

impl AddedBuilder {
    /// A column without rows.
    pub(crate) fn of(added: Added) -> Self {
        match added.width {
            None => Self::Text(TextColumn::new(true)),
            Some(width) => Self::Integer(IntColumn::new(width, true)),
        }
    }

    /// The column, if it is one of strings.
    pub(crate) fn text(&mut self) -> Option<&mut TextColumn> {
        match self {
            Self::Text(column) => Some(column),
            Self::Integer(_) => None,
        }
    }

    /// The column, if it is one of integers.
    pub(crate) fn integer(&mut self) -> Option<&mut IntColumn> {
        match self {
            Self::Text(_) => None,
            Self::Integer(column) => Some(column),
        }
    }

    pub(crate) fn finish(self, zstd: &mut Zstd) -> Result<Chunk, EncodeError> {
        match self {
            Self::Text(column) => column.finish(zstd),
            Self::Integer(column) => column.finish(zstd),
        }
    }
}

/// Where no word stands yet.
pub(crate) const UNSEEN: [Place; TEXTS] = [Place::Unseen; TEXTS];
