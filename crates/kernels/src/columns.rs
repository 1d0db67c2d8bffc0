//! The columns of a record batch, each of the type it must have.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, Int32Array, PrimitiveArray, RecordBatch, StringArray};

use crate::error::TableError;
use crate::intern::{NONE, Words};

/// A column of numbers without nulls.
pub(crate) type Times<'a> = &'a PrimitiveArray<TimestampMicrosecondType>;

/// A column's text: as it is, or by numbers into a dictionary.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text<'a> {
    /// Null in every row: the file is from before the column was added.
    Absent,
    Plain(&'a StringArray),
    Dictionary(&'a Int32Array, &'a StringArray),
}

/// A column of integers that may be null.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Integers<'a> {
    /// Null in every row: the file is from before the column was added.
    Absent,
    Narrow(&'a Int32Array),
    Wide(&'a PrimitiveArray<Int64Type>),
}

impl Integers<'_> {
    /// The row's value.
    #[inline]
    pub(crate) fn value(&self, row: usize) -> Option<i64> {
        match self {
            Self::Absent => None,
            Self::Narrow(column) => column.is_valid(row).then(|| column.value(row).into()),
            Self::Wide(column) => column.is_valid(row).then(|| column.value(row)),
        }
    }
}

fn column<'a, T>(
    batch: &'a RecordBatch,
    name: &'static str,
    expected: &'static str,
    typed: impl FnOnce(&'a dyn Array) -> Option<T>,
) -> Result<T, TableError> {
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| TableError::Missing(name.to_owned()))?;
    typed(array).ok_or_else(|| TableError::Type {
        column: name,
        expected,
        found: array.data_type().to_string(),
    })
}

/// Refuses a column with nulls.
fn without_nulls<A: Array>(array: &A, name: &'static str) -> Result<(), TableError> {
    match array.null_count() {
        0 => Ok(()),
        _ => Err(TableError::Value {
            column: name,
            found: "null".to_owned(),
            expected: "a value",
        }),
    }
}

/// Text that may be null.
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

/// Text that must be there.
pub(crate) fn text<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<Text<'a>, TableError> {
    let text = optional_text(batch, name)?;
    match text {
        Text::Absent => return Err(TableError::Missing(name.to_owned())),
        Text::Plain(array) => without_nulls(array, name)?,
        Text::Dictionary(keys, _) => without_nulls(keys, name)?,
    }
    Ok(text)
}

/// Text that must be there and hardly ever repeats.
pub(crate) fn plain_text<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a StringArray, TableError> {
    let text = column(batch, name, "Utf8", |array| array.as_string_opt::<i32>())?;
    without_nulls(text, name)?;
    Ok(text)
}

/// Times that must be there.
pub(crate) fn times<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<Times<'a>, TableError> {
    let times = column(batch, name, "Timestamp(µs, \"UTC\")", |array| {
        array.as_primitive_opt::<TimestampMicrosecondType>()
    })?;
    without_nulls(times, name)?;
    Ok(times)
}

/// Dates that must be there.
pub(crate) fn dates<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a PrimitiveArray<Date32Type>, TableError> {
    let dates = column(batch, name, "Date32", |array| {
        array.as_primitive_opt::<Date32Type>()
    })?;
    without_nulls(dates, name)?;
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
    "Long integers that may be null."
);
optional!(
    optional_i32s,
    Int32Type,
    "Int32",
    "Integers that may be null."
);
optional!(
    optional_f32s,
    Float32Type,
    "Float32",
    "Numbers that may be null."
);

/// Long integers that must be there.
pub(crate) fn i64s<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a PrimitiveArray<Int64Type>, TableError> {
    let numbers = optional_i64s(batch, name)?;
    without_nulls(numbers, name)?;
    Ok(numbers)
}

/// Integers of either width that may be null.
pub(crate) fn optional_integers<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<Integers<'a>, TableError> {
    column(batch, name, "Int32 or Int64", |array| {
        let narrow = array.as_primitive_opt::<Int32Type>().map(Integers::Narrow);
        narrow.or_else(|| array.as_primitive_opt::<Int64Type>().map(Integers::Wide))
    })
}

/// Integers that must be there.
pub(crate) fn i32s<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a Int32Array, TableError> {
    let numbers = optional_i32s(batch, name)?;
    without_nulls(numbers, name)?;
    Ok(numbers)
}

impl Text<'_> {
    /// The row's value in the dictionary, if it has one.
    #[inline]
    pub(crate) fn key(&self, row: usize) -> Option<usize> {
        match self {
            Text::Dictionary(keys, _) if keys.is_valid(row) => Some(keys.value(row) as usize),
            _ => None,
        }
    }
}

/// The dictionary that a column had in the batch before.
#[derive(Debug, Default)]
pub(crate) struct LastDictionary(Option<StringArray>);

impl LastDictionary {
    /// The length of the column's dictionary, if it is another one.
    pub(crate) fn replaced_by(&mut self, text: Text<'_>) -> Option<usize> {
        let Text::Dictionary(_, values) = text else {
            return None;
        };
        let is_same = self.0.as_ref().is_some_and(|known| {
            known.len() == values.len()
                && known.value_data().as_ptr() == values.value_data().as_ptr()
                && known.offsets().as_ptr() == values.offsets().as_ptr()
        });
        if is_same {
            return None;
        }
        self.0 = Some(values.clone());
        Some(values.len())
    }
}

/// What the values of a column's dictionary are called here. It is kept from
/// batch to batch, as long as these share the dictionary: a value is looked up
/// once a file, not once a row.
#[derive(Debug, Default)]
pub(crate) struct Renumbering {
    dictionary: LastDictionary,
    numbers: Vec<u32>,
    /// Which values are being looked up.
    pending: Vec<u32>,
}

/// A value that was not looked up yet.
const UNSEEN: u32 = NONE - 1;
/// A value that nobody wants a number of.
pub(crate) const ELSEWHERE: u32 = NONE - 2;

impl Renumbering {
    /// Begins a batch; whether with a new dictionary.
    pub(crate) fn begin(&mut self, text: Text<'_>) -> bool {
        let length = self.dictionary.replaced_by(text);
        if let Some(length) = length {
            self.numbers.clear();
            self.numbers.resize(length, UNSEEN);
        }
        length.is_some()
    }

    /// How many values the dictionary has.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Looks up all values of some rows that were not yet, together. Of those that
    /// `is_other` says so of, the number is [`ELSEWHERE`].
    pub(crate) fn look_up(
        &mut self,
        text: Text<'_>,
        rows: &[u32],
        words: &mut Words,
        is_other: impl Fn(&[u8]) -> bool,
    ) {
        let Self {
            numbers, pending, ..
        } = self;
        pending.clear();
        let Text::Dictionary(keys, values) = text else {
            return;
        };
        for row in rows {
            let row = *row as usize;
            if keys.is_valid(row)
                && let key = keys.value(row)
                && let Some(number) = numbers.get_mut(key as usize)
                && *number == UNSEEN
            {
                *number = ELSEWHERE;
                pending.push(key as u32);
            }
        }
        let value = |key: &u32| values.value(*key as usize).as_bytes();
        pending.retain(|key| !is_other(value(key)));
        let wanted: Vec<&[u8]> = pending.iter().map(value).collect();
        words.number_all(&wanted, |at, number| {
            let key = pending.get(at).map(|key| *key as usize);
            if let Some(place) = key.and_then(|key| numbers.get_mut(key)) {
                *place = number;
            }
        });
    }

    /// Places of the values that the last [`Renumbering::look_up`] was about.
    pub(crate) fn found(&self) -> &[u32] {
        &self.pending
    }

    /// The number of the value at that place.
    pub(crate) fn get(&self, key: u32) -> u32 {
        self.numbers.get(key as usize).copied().unwrap_or(NONE)
    }

    /// The number of the row's value, [`NONE`] for null; `look_up` gives that
    /// of one that is new.
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
            None => Err(TableError::Dictionary),
        }
    }
}
