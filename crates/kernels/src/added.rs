//! The fields that later format versions added, derived from the event's declaration.
//!
//! Older files lack the columns; their rows read as null.

use arrow_array::RecordBatch;
use marquee_encode::{Chunk, EncodeError, IntColumn, TextColumn, Width, Zstd};
use marquee_event::{ADDED_FIELDS, ColumnType};

use crate::columns::{self, Integers, Text};
use crate::error::TableError;

/// The column of an added field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddedField {
    pub(crate) name: &'static str,
    width: Option<Width>,
    /// Its index among the added string columns, or among the added integer columns.
    pub(crate) index: usize,
}

impl AddedField {
    /// Returns true for a column of strings and false for one of integers.
    pub(crate) const fn is_text(&self) -> bool {
        self.width.is_none()
    }
}

/// The columns of the added fields, in the order of the table.
pub(crate) const ADDED: [AddedField; ADDED_FIELDS.len()] = {
    let mut columns = [AddedField {
        name: "",
        width: None,
        index: 0,
    }; ADDED_FIELDS.len()];
    let (mut texts, mut integers) = (0, 0);
    let mut at = 0;
    while at < columns.len() {
        let field = ADDED_FIELDS[at];
        let Some(name) = field.column else {
            panic!("crates/event/src/fields.rs adds a field without a column")
        };
        let width = match field.kind.column_type() {
            Some(ColumnType::Text) => None,
            Some(ColumnType::Int32) => Some(Width::W32),
            Some(ColumnType::Int64) => Some(Width::W64),
            _ => panic!("crates/event/src/fields.rs adds a field of an unsupported type"),
        };
        let next = match width {
            None => &mut texts,
            Some(_) => &mut integers,
        };
        columns[at] = AddedField {
            name,
            width,
            index: *next,
        };
        *next += 1;
        at += 1;
    }
    columns
};

const fn count(is_text: bool) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < ADDED.len() {
        if ADDED[at].is_text() == is_text {
            count += 1;
        }
        at += 1;
    }
    count
}

/// The number of added string columns.
pub(crate) const TEXTS: usize = count(true);
/// The number of added integer columns.
pub(crate) const INTEGERS: usize = count(false);

const fn names<const N: usize>(is_text: bool) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut at, mut found) = (0, 0);
    while at < ADDED.len() {
        if ADDED[at].is_text() == is_text {
            names[found] = ADDED[at].name;
            found += 1;
        }
        at += 1;
    }
    names
}

/// The names of the added string columns.
pub(crate) const TEXT_NAMES: [&str; TEXTS] = names(true);
/// The names of the added integer columns.
pub(crate) const INTEGER_NAMES: [&str; INTEGERS] = names(false);

/// The added columns of a batch.
pub(crate) struct AddedColumns<'a> {
    pub(crate) texts: [Text<'a>; TEXTS],
    pub(crate) integers: [Integers<'a>; INTEGERS],
}

impl<'a> AddedColumns<'a> {
    /// Finds the columns. A column that the batch lacks is `Absent`.
    pub(crate) fn new(batch: &'a RecordBatch) -> Result<Self, TableError> {
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

/// Builds the column of an added field in a row group.
pub(crate) enum AddedBuilder {
    Text(TextColumn),
    Integer(IntColumn),
}

impl AddedBuilder {
    /// Creates a column without rows.
    pub(crate) fn new(field: AddedField) -> Self {
        match field.width {
            None => Self::Text(TextColumn::new(true)),
            Some(width) => Self::Integer(IntColumn::new(width, true)),
        }
    }

    /// Returns the column if it holds strings.
    pub(crate) fn text(&mut self) -> Option<&mut TextColumn> {
        match self {
            Self::Text(column) => Some(column),
            Self::Integer(_) => None,
        }
    }

    /// Returns the column if it holds integers.
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
