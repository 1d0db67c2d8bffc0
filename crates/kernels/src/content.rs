//! The content digest of an event.

use xxhash_rust::xxh3::Xxh3;

use crate::added::{INTEGER_NAMES, TEXT_NAMES};
use crate::bucket_rows::BucketRows;
use crate::row::EventRow;

/// Returns the content digest of an event: XXH3 over the columns that its client set.
///
/// The digest leaves out the user and the event id, because only events with equal ones
/// are compared. It leaves out the identity, the arrival and the producer, because they
/// belong to the delivery. It leaves out the columns from the title catalog.
///
/// `dropped_events` stores the digest, so it must not change.
pub(crate) fn digest(rows: &BucketRows, row: &EventRow) -> i64 {
    let context = rows.context(row);
    let detail = rows.detail(row);
    let mut hash = Hash(Xxh3::new());
    hash.text(Some(row.event_type().name().as_bytes()));
    hash.number(Some(rows.midnight() + row.time_of_day()));
    for string in [
        context.session,
        context.profile,
        context.country,
        context.device_type,
        context.device_os,
        context.app_version,
        detail.query,
        detail.extra,
    ] {
        hash.text(rows.strings.optional(string));
    }
    hash.text(rows.titles.optional(row.title));
    hash.number(row.position_ms());
    hash.number(detail.from_position_ms);
    hash.number(detail.results.map(i64::from));
    hash.number(detail.row_index.map(i64::from));
    hash.number(detail.rating.map(|rating| i64::from(rating.to_bits())));
    // An added field is part of the content only if it has a value, so events without it
    // keep their digest.
    for (name, string) in TEXT_NAMES.iter().zip(context.added) {
        if let Some(string) = rows.strings.optional(string) {
            hash.text(Some(name.as_bytes()));
            hash.text(Some(string));
        }
    }
    for (name, number) in INTEGER_NAMES.iter().zip(detail.added) {
        if number.is_some() {
            hash.text(Some(name.as_bytes()));
            hash.number(number);
        }
    }
    hash.0.digest() as i64
}

struct Hash(Xxh3);

impl Hash {
    /// Hashes a string after its length, so that different lists of values never hash
    /// the same bytes.
    fn text(&mut self, text: Option<&[u8]>) {
        self.number(text.map(|text| text.len() as i64));
        self.0.update(text.unwrap_or_default());
    }

    fn number(&mut self, number: Option<i64>) {
        self.0.update(&[u8::from(number.is_some())]);
        self.0.update(&number.unwrap_or_default().to_le_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use std::sync::Arc;

    use arrow_array::types::TimestampMicrosecondType;
    use arrow_array::{
        ArrayRef, Date32Array, Float32Array, Int32Array, Int64Array, PrimitiveArray, RecordBatch,
        StringArray,
    };
    use arrow_schema::DataType;
    use marquee_event::MICROS_PER_DAY;

    use super::*;
    use crate::added::{INTEGERS, TEXTS};
    use crate::bucket_rows::{BucketScope, EventSchema};
    use crate::bucket_splitter::BucketSplitter;

    pub(crate) const DAY: i32 = 20_513;

    /// Returns one event. `is_full` sets all optional fields of format version 1,
    /// `has_added` all fields that later versions added.
    pub(crate) fn event(is_full: bool, has_added: bool) -> RecordBatch {
        let schema = BucketSplitter::schema().unwrap();
        let column = |field: &Arc<arrow_schema::Field>| -> ArrayRef {
            let name = field.name().as_str();
            let is_added = TEXT_NAMES.contains(&name) || INTEGER_NAMES.contains(&name);
            let is_wanted = if is_added { has_added } else { is_full };
            let has_value = is_wanted || !field.is_nullable();
            match field.data_type() {
                DataType::Utf8 => {
                    let text = match name {
                        "event_id" => "01936f2e-5c00-7000-8000-000000000001".to_owned(),
                        "event_type" => "seek".to_owned(),
                        "sequence_number" => "49590".to_owned(),
                        name => format!("a {name}"),
                    };
                    Arc::new(StringArray::from(vec![has_value.then_some(text)]))
                }
                DataType::Int32 => Arc::new(Int32Array::from(vec![has_value.then_some(7)])),
                DataType::Int64 => Arc::new(Int64Array::from(vec![has_value.then_some(8)])),
                DataType::Float32 => Arc::new(Float32Array::from(vec![has_value.then_some(4.5)])),
                DataType::Date32 => Arc::new(Date32Array::from(vec![DAY])),
                _ => {
                    let time = i64::from(DAY) * MICROS_PER_DAY + 3;
                    let times = PrimitiveArray::<TimestampMicrosecondType>::from(vec![time]);
                    Arc::new(times.with_timezone("UTC"))
                }
            }
        };
        let columns = schema.fields().iter().map(column).collect();
        RecordBatch::try_new(schema, columns).unwrap()
    }

    fn digest_of(batch: &RecordBatch) -> i64 {
        let mut rows = BucketRows::new(BucketScope {
            day: DAY,
            bucket: 0,
            buckets: 1,
        });
        rows.push_events(batch, EventSchema::Processed).unwrap();
        digest(&rows, rows.events.first().unwrap())
    }

    /// The `dropped_events` of every lake store digests, so they never change.
    #[test]
    fn the_content_digest_is_frozen() {
        let frozen = (1_454_700_366_423_452_143, 1_429_105_877_713_253_400);
        assert_eq!(digest_of(&event(true, false)), frozen.0);
        assert_eq!(digest_of(&event(false, false)), frozen.1);
    }

    /// Files from before a field was added lack its column.
    #[test]
    fn an_absent_column_is_null_and_adds_nothing_to_the_digest() {
        let whole = event(true, false);
        let is_first = |at: &usize| {
            let schema = whole.schema();
            let name = schema.field(*at).name().as_str();
            !TEXT_NAMES.contains(&name) && !INTEGER_NAMES.contains(&name)
        };
        let first: Vec<usize> = (0..whole.num_columns()).filter(is_first).collect();
        let without = whole.project(&first).unwrap();
        assert_eq!(
            without.num_columns(),
            whole.num_columns() - TEXTS - INTEGERS
        );
        assert_eq!(digest_of(&without), digest_of(&whole));
        let differs = digest_of(&event(true, true)) != digest_of(&whole);
        assert_eq!(differs, TEXTS + INTEGERS > 0);
    }
}
