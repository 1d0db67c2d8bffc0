//! Typed access to the columns of a record batch.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, Int32Array, PrimitiveArray, RecordBatch, StringArray};

use crate::error::TableError;
use crate::intern::{NONE, StringInterner};

/// A column of times, UTC microseconds, without nulls.
pub(crate) type Times<'a> = &'a PrimitiveArray<TimestampMicrosecondType>;

/// A column of text, plain or dictionary-encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text<'a> {
    /// Null in every row, because the file is older than the column.
    Absent,
    Plain(&'a StringArray),
    Dictionary(&'a Int32Array, &'a StringArray),
}

/// A nullable column of integers of either width.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Integers<'a> {
    /// Null in every row, because the file is older than the column.
    Absent,
    Narrow(&'a Int32Array),
    Wide(&'a PrimitiveArray<Int64Type>),
}

impl Integers<'_> {
    /// Returns a row's value, or `None` for null.
    #[inline]
    pub(crate) fn value(&self, row: usize) -> Option<i64> {
        match self {
            Self::Absent => None,
            Self::Narrow(column) => column.is_valid(row).then(|| column.value(row).into()),
            Self::Wide(column) => column.is_valid(row).then(|| column.value(row)),
        }
    }
}

/// Finds a column and converts it with `typed`.
fn column<'a, T>(
    batch: &'a RecordBatch,
    name: &'static str,
    expected: &'static str,
    typed: impl FnOnce(&'a dyn Array) -> Option<T>,
) -> Result<T, TableError> {
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| TableError::MissingColumn(name.to_owned()))?;
    typed(array).ok_or_else(|| TableError::ColumnType {
        column: name,
        expected,
        found: array.data_type().to_string(),
    })
}

/// Returns an error if a column has nulls.
fn require_no_nulls<A: Array>(array: &A, name: &'static str) -> Result<(), TableError> {
    match array.null_count() {
        0 => Ok(()),
        _ => Err(TableError::InvalidValue {
            column: name,
            found: "null".to_owned(),
            expected: "a value",
        }),
    }
}

/// Finds a nullable column of text.
pub(crate) fn optional_text<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<Text<'a>, TableError> {
    column(batch, name, "Utf8", |array| {
        if let Some(text) = array.as_string_opt::<i32>() {
            return Some(Text::Plain(text));
        }
        let dictionary = array.as_dictionary_opt::<Int32Type>()?;
        let values = dictionary.values().as_string_opt::<i32>()?;
        Some(Text::Dictionary(dictionary.keys(), values))
    })
}

/// Finds a column of text without nulls.
pub(crate) fn text<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<Text<'a>, TableError> {
    let text = optional_text(batch, name)?;
    match text {
        Text::Absent => return Err(TableError::MissingColumn(name.to_owned())),
        Text::Plain(array) => require_no_nulls(array, name)?,
        Text::Dictionary(keys, _) => require_no_nulls(keys, name)?,
    }
    Ok(text)
}

/// Finds a column of text without nulls whose values rarely repeat, so it is plain.
pub(crate) fn plain_text<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a StringArray, TableError> {
    let text = column(batch, name, "Utf8", |array| array.as_string_opt::<i32>())?;
    require_no_nulls(text, name)?;
    Ok(text)
}

/// Finds a column of times without nulls.
pub(crate) fn times<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<Times<'a>, TableError> {
    let times = column(batch, name, "Timestamp(µs, \"UTC\")", |array| {
        array.as_primitive_opt::<TimestampMicrosecondType>()
    })?;
    require_no_nulls(times, name)?;
    Ok(times)
}

/// Finds a column of dates without nulls.
pub(crate) fn dates<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a PrimitiveArray<Date32Type>, TableError> {
    let dates = column(batch, name, "Date32", |array| {
        array.as_primitive_opt::<Date32Type>()
    })?;
    require_no_nulls(dates, name)?;
    Ok(dates)
}

macro_rules! optional {
    ($name:ident, $of:ty, $type:literal, $doc:literal) => {
        #[doc = $doc]
        pub(crate) fn $name<'a>(
            batch: &'a RecordBatch,
            name: &'static str,
        ) -> Result<&'a PrimitiveArray<$of>, TableError> {
            column(batch, name, $type, |array| array.as_primitive_opt::<$of>())
        }
    };
}
optional!(
    optional_i64s,
    Int64Type,
    "Int64",
    "Finds a nullable column of 64-bit integers."
);
optional!(
    optional_i32s,
    Int32Type,
    "Int32",
    "Finds a nullable column of 32-bit integers."
);
optional!(
    optional_f32s,
    Float32Type,
    "Float32",
    "Finds a nullable column of 32-bit floats."
);

/// Finds a column of 64-bit integers without nulls.
pub(crate) fn i64s<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a PrimitiveArray<Int64Type>, TableError> {
    let numbers = optional_i64s(batch, name)?;
    require_no_nulls(numbers, name)?;
    Ok(numbers)
}

/// Finds a nullable column of integers of either width.
pub(crate) fn optional_integers<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<Integers<'a>, TableError> {
    column(batch, name, "Int32 or Int64", |array| {
        let narrow = array.as_primitive_opt::<Int32Type>().map(Integers::Narrow);
        narrow.or_else(|| array.as_primitive_opt::<Int64Type>().map(Integers::Wide))
    })
}

/// Finds a column of 32-bit integers without nulls.
pub(crate) fn i32s<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a Int32Array, TableError> {
    let numbers = optional_i32s(batch, name)?;
    require_no_nulls(numbers, name)?;
    Ok(numbers)
}

impl Text<'_> {
    /// Returns a row's dictionary key; `None` for null or if the column is not
    /// dictionary-encoded.
    #[inline]
    pub(crate) fn key(&self, row: usize) -> Option<usize> {
        match self {
            Text::Dictionary(keys, _) if keys.is_valid(row) => Some(keys.value(row) as usize),
            _ => None,
        }
    }
}

/// The dictionary that a column had in the previous batch.
#[derive(Debug, Default)]
pub(crate) struct PreviousDictionary(Option<StringArray>);

impl PreviousDictionary {
    /// Remembers the column's dictionary; returns its length if it differs from the
    /// previous one. Two dictionaries are equal if they share their buffers.
    pub(crate) fn replace(&mut self, text: Text<'_>) -> Option<usize> {
        let Text::Dictionary(_, values) = text else {
            return None;
        };
        let is_same = self.0.as_ref().is_some_and(|previous| {
            previous.len() == values.len()
                && previous.value_data().as_ptr() == values.value_data().as_ptr()
                && previous.offsets().as_ptr() == values.offsets().as_ptr()
        });
        if is_same {
            return None;
        }
        self.0 = Some(values.clone());
        Some(values.len())
    }
}

/// A map from the keys of a column's dictionary to the numbers of an interner.
///
/// It stays valid as long as batches share the dictionary, so each value is looked up
/// once per row group instead of once per row.
#[derive(Debug, Default)]
pub(crate) struct DictionaryRemap {
    dictionary: PreviousDictionary,
    numbers: Vec<u32>,
    /// The keys that the last [`DictionaryRemap::look_up`] looked up.
    looked_up: Vec<u32>,
}

/// Marks a value that has not been looked up.
const UNSEEN: u32 = NONE - 1;
/// The number of a value that the caller excludes, such as a user of another bucket.
pub(crate) const EXCLUDED: u32 = NONE - 2;

impl DictionaryRemap {
    /// Starts a batch; returns true if the batch has a new dictionary.
    pub(crate) fn start_batch(&mut self, text: Text<'_>) -> bool {
        let length = self.dictionary.replace(text);
        if let Some(length) = length {
            self.numbers.clear();
            self.numbers.resize(length, UNSEEN);
        }
        length.is_some()
    }

    /// Returns the number of values in the dictionary.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Looks up all new values of the given rows together. A value for which `is_excluded`
    /// returns true gets the number [`EXCLUDED`].
    ///
    /// # Errors
    /// [`TableError::DictionaryKey`].
    pub(crate) fn look_up(
        &mut self,
        text: Text<'_>,
        rows: &[u32],
        strings: &mut StringInterner,
        is_excluded: impl Fn(&[u8]) -> bool,
    ) -> Result<(), TableError> {
        let Self {
            numbers, looked_up, ..
        } = self;
        looked_up.clear();
        let Text::Dictionary(keys, values) = text else {
            return Ok(());
        };
        for row in rows {
            let row = *row as usize;
            // `number` returns the error for a key that is out of range.
            if keys.is_valid(row)
                && let key = keys.value(row)
                && let Some(number) = numbers.get_mut(key as usize)
                && *number == UNSEEN
            {
                *number = EXCLUDED;
                looked_up.push(key as u32);
            }
        }
        let value = |key: &u32| values.value(*key as usize).as_bytes();
        looked_up.retain(|key| !is_excluded(value(key)));
        let wanted: Vec<&[u8]> = looked_up.iter().map(value).collect();
        strings.intern_all(&wanted, |index, number| {
            let key = looked_up.get(index).map(|key| *key as usize);
            let slot = key.and_then(|key| numbers.get_mut(key));
            *slot.ok_or(TableError::DictionaryKey)? = number;
            Ok(())
        })
    }

    /// Returns the keys that the last [`DictionaryRemap::look_up`] looked up.
    pub(crate) fn looked_up(&self) -> &[u32] {
        &self.looked_up
    }

    /// Returns the number of a key.
    ///
    /// # Errors
    /// [`TableError::DictionaryKey`].
    pub(crate) fn get(&self, key: u32) -> Result<u32, TableError> {
        let number = self.numbers.get(key as usize).copied();
        number.ok_or(TableError::DictionaryKey)
    }

    /// Returns the number of a row's value, [`NONE`] for null. `look_up` returns the number
    /// of a new value.
    ///
    /// # Errors
    /// An error of `look_up`; [`TableError::DictionaryKey`].
    #[inline]
    pub(crate) fn number(
        &mut self,
        text: Text<'_>,
        row: usize,
        mut look_up: impl FnMut(&[u8]) -> Result<u32, TableError>,
    ) -> Result<u32, TableError> {
        let (keys, values) = match text {
            Text::Absent => return Ok(NONE),
            Text::Plain(array) if array.is_null(row) => return Ok(NONE),
            Text::Plain(array) => return look_up(array.value(row).as_bytes()),
            Text::Dictionary(keys, values) => (keys, values),
        };
        if keys.is_null(row) {
            return Ok(NONE);
        }
        let key = keys.value(row) as usize;
        match self.numbers.get_mut(key) {
            Some(number) if *number == UNSEEN => {
                *number = look_up(values.value(key).as_bytes())?;
                Ok(*number)
            }
            Some(number) => Ok(*number),
            None => Err(TableError::DictionaryKey),
        }
    }
}
