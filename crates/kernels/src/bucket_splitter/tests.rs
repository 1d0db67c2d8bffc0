use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, DictionaryArray, new_null_array};

use super::*;

const DAY: i32 = 20_000;

/// Returns a batch of one event for each of `users`, with these queries.
fn batch(users: &[&str], queries: &[&str]) -> RecordBatch {
    let schema = BucketSplitter::schema().unwrap();
    let rows = users.len();
    let text = |values: &[&str]| -> ArrayRef {
        Arc::new(
            values
                .iter()
                .copied()
                .collect::<DictionaryArray<Int32Type>>(),
        )
    };
    let column = |field: &Arc<Field>| -> ArrayRef {
        match (field.name().as_str(), field.data_type()) {
            ("user_id", _) => text(users),
            ("query", _) => text(queries),
            ("event_id" | "sequence_number", _) => Arc::new(StringArray::from(vec!["1"; rows])),
            (_, DataType::Utf8) => text(&vec!["same"; rows]),
            (_, DataType::Date32) => Arc::new(PrimitiveArray::<Date32Type>::from(vec![DAY; rows])),
            (_, DataType::Int32) => Arc::new(PrimitiveArray::<Int32Type>::from(vec![0; rows])),
            (_, DataType::Int64 | DataType::Float32) => new_null_array(field.data_type(), rows),
            _ => {
                let times = PrimitiveArray::<TimestampMicrosecondType>::from(vec![0; rows]);
                Arc::new(times.with_timezone("UTC"))
            }
        }
    };
    let columns: Vec<ArrayRef> = schema.fields().iter().map(column).collect();
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<Field> = fields
        .map(|(field, column)| {
            field
                .as_ref()
                .clone()
                .with_data_type(column.data_type().clone())
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// The bucket and the number of rows of every row group.
#[derive(Default)]
struct Groups(Vec<(u32, u64)>);

impl BucketSink for Groups {
    fn write(&mut self, bucket: u32, rows: u64, _: Vec<Chunk>) -> Result<(), EncodeError> {
        self.0.push((bucket, rows));
        Ok(())
    }
}

#[test]
fn a_row_group_is_closed_when_its_strings_are_long() {
    let mut splitter = BucketSplitter::new(DAY, 1).unwrap();
    splitter.text_bytes = 100;
    let mut groups = Groups::default();
    let long = "w".repeat(60);
    let mut push = |queries: &[&str]| {
        let users = vec!["a"; queries.len()];
        splitter.push(&batch(&users, queries), &mut groups).unwrap();
        groups.0.len()
    };
    assert_eq!(push(&["x", "y"]), 0);
    // A string that the row group already has is not counted again.
    assert_eq!(push(&[long.as_str(); 3]), 1);
    assert_eq!(push(&["x"]), 1);
    splitter.finish(&mut groups).unwrap();
    assert_eq!(groups.0, [(0, 5), (0, 1)]);
}

#[test]
fn the_columns_of_a_batch_are_those_of_the_schema() {
    let batch = RecordBatch::new_empty(BucketSplitter::schema().unwrap());
    let columns = EventColumns::new(&batch, EventSchema::Processed).unwrap();
    let names: Vec<&str> = sources(&columns).iter().map(|(name, _)| *name).collect();
    let schema = BucketSplitter::schema().unwrap();
    let expected: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| &**field.name())
        .collect();
    assert_eq!(names, expected);
}
