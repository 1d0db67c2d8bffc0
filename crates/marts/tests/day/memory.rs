//! Queries with a memory limit.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field};
use marquee_marts::DateRun;
use marquee_tables::curated;
use object_store::memory::InMemory;

use crate::days::Days;
use crate::facts::date;
use crate::rows;

/// The number of views, no two of the same user and title.
const VIEWS: usize = 400_000;
/// The number of views per user.
const EACH: usize = 8;

/// Generates the values of one column of the views.
fn column(field: &Field) -> ArrayRef {
    let texts = |text: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..VIEWS).map(text)))
    };
    let kind = field.data_type();
    match (field.name().as_str(), kind) {
        ("user_id", _) => texts(&|view| format!("user-{:08}", view / EACH)),
        ("title_id", _) => texts(&|view| format!("title-{:08}", view % EACH * 97 + view % 1013)),
        (name, DataType::Utf8) if !field.is_nullable() => texts(&|_| name.to_owned()),
        (_, DataType::Timestamp(..)) => {
            let times = (0..VIEWS).map(|view| 1_772_500_000_000_000 + view as i64);
            cast(&Int64Array::from_iter_values(times), kind).unwrap()
        }
        (_, DataType::Int64) if !field.is_nullable() => Arc::new(Int64Array::from_iter_values(
            (0..VIEWS).map(|view| view as i64),
        )),
        (_, DataType::Int32) => Arc::new(Int32Array::from_iter_values((0..VIEWS).map(|_| 1))),
        (_, DataType::Boolean) => Arc::new(BooleanArray::from_iter(
            (0..VIEWS).map(|view| Some(view % 3 == 0)),
        )),
        ("rating", _) => Arc::new(Float32Array::from_iter(
            (0..VIEWS).map(|view| (view % 9 == 0).then_some(3.5)),
        )),
        (_, DataType::Float32) => Arc::new(Float32Array::from_iter_values((0..VIEWS).map(|_| 0.5))),
        _ => new_null_array(kind, VIEWS),
    }
}

/// Opens a run of a date with these views.
async fn run(days: &mut Days) -> DateRun {
    let schema = curated::fact_view();
    let columns = schema.fields().iter().map(|field| column(field)).collect();
    let views = RecordBatch::try_new(schema, columns).unwrap();
    days.add("fact_view", &date(0), &views).await;
    let run = days.run(&date(0)).await;
    Arc::into_inner(run).unwrap()
}

#[tokio::test]
async fn spilling_gives_the_same_bytes() {
    let mut days = Days::new(Arc::new(InMemory::new()), 0).await;
    let run = run(&mut days).await;
    let mart = marquee_sql::marts()
        .unwrap()
        .into_iter()
        .find(|mart| mart.name == "user_title");
    let mart = mart.unwrap();
    let unbounded = run.build(&mart).await.unwrap();
    let expected = rows(days.store.as_ref(), &unbounded).await;
    assert!(expected.num_rows() > VIEWS / 2);

    let run = run.with_memory_limit(32 << 20).unwrap();
    let bounded = run.build(&mart).await.unwrap();
    assert_eq!(bounded, unbounded, "byte for byte");

    // A limit that is too small is an error.
    let run = run.with_memory_limit(1 << 20).unwrap();
    let error = run.build(&mart).await.unwrap_err().to_string();
    assert!(
        error.contains("user_title") && error.contains("memory"),
        "{error}"
    );
}
