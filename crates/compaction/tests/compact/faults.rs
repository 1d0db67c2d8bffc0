//! Errors: damaged and missing objects are reported.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use marquee_compaction::{BucketTask, CompactSettings, CompactionError, InputObject};
use marquee_lake::LakeError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::lake::{Lake, task};
use crate::units::unit;

fn compaction_error(lake: &Lake, task: BucketTask) -> CompactionError {
    lake.compact(task, &CompactSettings::default()).unwrap_err()
}

/// Writes an object in which a column is missing or replaced.
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
fn a_row_count_that_differs_from_the_receipt_is_an_error() {
    let lake = Lake::new();
    let mut input = lake.put_units("processed/a.parquet", [&unit(1, "u", 0)]);
    input.rows_of_date = 2;
    assert_eq!(
        compaction_error(&lake, task("1", vec![input], None)).to_string(),
        "processed/a.parquet has 1 rows of the date, but its receipt or generation lists 2"
    );
}

#[test]
fn a_missing_object_is_named() {
    let lake = Lake::new();
    let input = InputObject {
        key: "processed/gone.parquet".to_owned(),
        bytes: 9,
        rows_of_date: 1,
    };
    let error = compaction_error(&lake, task("1", vec![input], None));
    assert!(
        matches!(&error, CompactionError::Lake(LakeError::Gone { key }) if key == "processed/gone.parquet"),
        "{error}"
    );
}

#[test]
fn an_object_that_is_not_a_parquet_file_is_named() {
    let lake = Lake::new();
    let whole = lake.put_units("processed/a.parquet", [&unit(1, "u", 0)]);
    let content = lake.get(&whole.key);
    let half = content.slice(..content.len() / 2);
    for broken in [Bytes::new(), Bytes::from_static(b"not a file"), half] {
        lake.put("processed/a.parquet", broken);
        let error = compaction_error(&lake, task("1", vec![whole.clone()], None));
        assert!(
            matches!(&error, CompactionError::Lake(LakeError::Parquet { key, .. }) if key == "processed/a.parquet"),
            "{error}"
        );
    }
}

#[test]
fn a_damaged_byte_is_an_error_or_another_value() {
    let lake = Lake::new();
    let whole = lake.put_units("processed/a.parquet", [&unit(1, "u", 0), &unit(2, "u", 1)]);
    let content = lake.get(&whole.key);
    for at in (0..content.len()).step_by(3) {
        let mut damaged = content.to_vec();
        damaged[at] ^= 0x11;
        lake.put("processed/a.parquet", damaged.into());
        let task = task("1", vec![whole.clone()], None);
        // Compaction must not panic. If it succeeds, all rows are there.
        if let Ok(compacted) = lake.compact(task, &CompactSettings::default()) {
            assert_eq!(compacted.counts.receipt_rows, 2);
        }
    }
}

#[test]
fn a_column_that_is_missing_or_of_another_type_is_named() {
    let lake = Lake::new();
    let numbers: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
    let strings: ArrayRef = Arc::new(arrow_array::StringArray::from(vec!["x"]));
    for (column, replaced, cause) in [
        ("sequence_number", None, "column sequence_number is missing"),
        ("country", None, "column country is missing"),
        (
            "user_id",
            Some(numbers.clone()),
            "column user_id has type Int64, expected Utf8",
        ),
        (
            "sequence_number",
            Some(strings.clone()),
            "column sequence_number holds \"x\", expected 1 to 57 digits",
        ),
        (
            "event_id",
            Some(strings.clone()),
            "column event_id holds \"x\", expected a UUID with hyphens",
        ),
        (
            "event_type",
            Some(strings),
            "column event_type holds \"x\", expected an event type",
        ),
        (
            "position_ms",
            Some(Arc::new(arrow_array::Int64Array::from(vec![-1]))),
            "column position_ms holds -1, expected 0 to 2147483647",
        ),
    ] {
        let input = with_column(&lake, column, replaced);
        assert_eq!(
            compaction_error(&lake, task("1", vec![input], None)).to_string(),
            format!("cannot compact processed/{column}.parquet: {cause}")
        );
    }
}

#[test]
fn a_parent_generation_that_lost_rows_is_detected() {
    let lake = Lake::new();
    let units = [unit(1, "u", 0), unit(1, "u", 1), unit(2, "v", 2)];
    let input = lake.put_units("processed/a.parquet", &units);
    let settings = CompactSettings::default();
    let parent = lake
        .compact(task("1", vec![input], None), &settings)
        .unwrap();
    let later = lake.put_units("processed/b.parquet", [&unit(3, "w", 3)]);

    let mut lost = task("2", vec![later.clone()], Some(&parent));
    lost.events[0].rows += 1;
    assert!(matches!(
        compaction_error(&lake, lost),
        CompactionError::RowCountMismatch {
            found: 2,
            expected: 3,
            ..
        }
    ));

    let mut lost = task("3", vec![later], Some(&parent));
    lost.events.clear();
    let error = compaction_error(&lake, lost).to_string();
    let event = uuid::Uuid::from_u128(1);
    assert!(
        error.contains(&format!(
            "cannot compact bucket 0 of 2026-03-01: dropped_events has a duplicate of event \
             {event} of user \"u\", but events has no row of that event"
        )),
        "{error}"
    );
}

#[test]
fn no_inputs_give_empty_tables() {
    let lake = Lake::new();
    let compacted = lake
        .compact(task("1", Vec::new(), None), &CompactSettings::default())
        .unwrap();
    assert_eq!(compacted.counts, Default::default());
    assert_eq!(compacted.tables.len(), 4);
    assert!(
        compacted
            .tables
            .values()
            .all(|table| table.files.is_empty())
    );
}
