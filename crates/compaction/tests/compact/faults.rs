//! What cannot be compacted says so.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use marquee_compaction::{BucketTask, CompactSettings, CompactionError, InputObject};
use marquee_lake::LakeError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::lake::{Lake, task};
use crate::units::unit;

fn fault(lake: &Lake, task: BucketTask) -> CompactionError {
    lake.compact(task, &CompactSettings::default()).unwrap_err()
}

/// The object with one of its columns left out, or replaced.
fn with_column(lake: &Lake, name: &str, column: Option<ArrayRef>) -> InputObject {
    let input = lake.put_units("processed/whole.parquet", [&unit(1, "u", 0)]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(lake.get(&input.key)).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.filter_map(|(field, array)| match (field.name() == name, &column) {
        (false, _) => Some((field.name().clone(), array.clone())),
        (true, column) => column.clone().map(|column| (field.name().clone(), column)),
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let content = writer.into_inner().unwrap();
    let key = format!("processed/{name}.parquet");
    let bytes = content.len() as u64;
    lake.put(&key, content.into());
    InputObject {
        key,
        bytes,
        ..input
    }
}

#[test]
fn rows_that_a_receipt_names_and_an_object_lacks_are_found() {
    let lake = Lake::new();
    let mut input = lake.put_units("processed/a.parquet", [&unit(1, "u", 0)]);
    input.rows_of_date = 2;
    assert_eq!(
        fault(&lake, task("1", vec![input], None)).to_string(),
        "processed/a.parquet holds 1 rows of the date, but its receipt says 2"
    );
}

#[test]
fn an_object_that_is_gone_is_named() {
    let lake = Lake::new();
    let input = InputObject {
        key: "processed/gone.parquet".to_owned(),
        bytes: 9,
        rows_of_date: 1,
    };
    let gone = fault(&lake, task("1", vec![input], None));
    assert!(
        matches!(&gone, CompactionError::Lake(LakeError::Gone { key }) if key == "processed/gone.parquet"),
        "{gone}"
    );
}

#[test]
fn what_is_no_parquet_file_is_named() {
    let lake = Lake::new();
    let whole = lake.put_units("processed/a.parquet", [&unit(1, "u", 0)]);
    let content = lake.get(&whole.key);
    let half = content.slice(..content.len() / 2);
    for broken in [Bytes::new(), Bytes::from_static(b"not a file"), half] {
        lake.put("processed/a.parquet", broken);
        let fault = fault(&lake, task("1", vec![whole.clone()], None));
        assert!(
            matches!(&fault, CompactionError::Lake(LakeError::Parquet { key, .. }) if key == "processed/a.parquet"),
            "{fault}"
        );
    }
}

#[test]
fn a_byte_that_is_damaged_is_an_error_or_a_value() {
    let lake = Lake::new();
    let whole = lake.put_units("processed/a.parquet", [&unit(1, "u", 0), &unit(2, "u", 1)]);
    let content = lake.get(&whole.key);
    for at in (0..content.len()).step_by(3) {
        let mut damaged = content.to_vec();
        damaged[at] ^= 0x11;
        lake.put("processed/a.parquet", damaged.into());
        let task = task("1", vec![whole.clone()], None);
        // It does not panic; and where it succeeds, the rows are there.
        if let Ok(done) = lake.compact(task, &CompactSettings::default()) {
            assert_eq!(done.counts.receipt_rows, 2);
        }
    }
}

#[test]
fn a_column_that_is_missing_or_of_another_type_is_named() {
    let lake = Lake::new();
    let numbers: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
    let words: ArrayRef = Arc::new(arrow_array::StringArray::from(vec!["x"]));
    for (column, replaced, cause) in [
        ("sequence_number", None, "it has no column sequence_number"),
        ("country", None, "it has no column country"),
        (
            "user_id",
            Some(numbers.clone()),
            "its column user_id is of the type Int64, not Utf8",
        ),
        (
            "sequence_number",
            Some(words.clone()),
            "its column sequence_number holds \"x\" where 1 to 57 digits is needed",
        ),
        (
            "event_id",
            Some(words.clone()),
            "its column event_id holds \"x\" where a UUID with hyphens is needed",
        ),
        (
            "event_type",
            Some(words),
            "its column event_type holds \"x\" where a type of event is needed",
        ),
        (
            "position_ms",
            Some(Arc::new(arrow_array::Int64Array::from(vec![-1]))),
            "its column position_ms holds -1 where 0 to 2147483647 is needed",
        ),
    ] {
        let input = with_column(&lake, column, replaced);
        assert_eq!(
            fault(&lake, task("1", vec![input], None)).to_string(),
            format!("processed/{column}.parquet: {cause}")
        );
    }
}

#[test]
fn a_last_generation_that_lost_rows_is_found() {
    let lake = Lake::new();
    let units = [unit(1, "u", 0), unit(1, "u", 1), unit(2, "v", 2)];
    let input = lake.put_units("processed/a.parquet", &units);
    let settings = CompactSettings::default();
    let last = lake
        .compact(task("1", vec![input], None), &settings)
        .unwrap();
    let later = lake.put_units("processed/b.parquet", [&unit(3, "w", 3)]);

    let mut lost = task("2", vec![later.clone()], Some(&last));
    lost.events[0].rows += 1;
    assert!(matches!(
        fault(&lake, lost),
        CompactionError::Differs {
            found: 2,
            expected: 3,
            ..
        }
    ));

    let mut lost = task("3", vec![later], Some(&last));
    lost.events.clear();
    let fault = fault(&lake, lost).to_string();
    let event = uuid::Uuid::from_u128(1);
    assert!(
        fault.contains(&format!(
            "event {event} of user \"u\" is only among the dropped"
        )),
        "{fault}"
    );
}

#[test]
fn nothing_in_is_nothing_out() {
    let lake = Lake::new();
    let done = lake
        .compact(task("1", Vec::new(), None), &CompactSettings::default())
        .unwrap();
    assert_eq!(done.counts, Default::default());
    assert_eq!(done.tables.len(), 4);
    assert!(done.tables.values().all(|table| table.files.is_empty()));
}
