#![allow(clippy::unwrap_used)]
//! Round trips: the `parquet` crate reads the encoded files.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::*;
use crate::settings::{DICTIONARY_BYTES, MAX_DICTIONARY_BYTES, PAGE_ROWS};

fn layout(columns: &[(&str, DataType, bool)]) -> FileLayout {
    let field = |(name, kind, nullable): &(&str, DataType, bool)| {
        Field::new(*name, kind.clone(), *nullable)
    };
    FileLayout::new(&Schema::new(columns.iter().map(field).collect::<Vec<_>>())).unwrap()
}

fn read(file: ::bytes::Bytes) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .with_batch_size(7_000);
    reader.build().unwrap().map(Result::unwrap).collect()
}

fn texts(batches: &[RecordBatch], column: usize) -> Vec<Option<String>> {
    let of = |batch: &RecordBatch| -> Vec<Option<String>> {
        batch
            .column(column)
            .as_string::<i32>()
            .iter()
            .map(|v| v.map(str::to_owned))
            .collect()
    };
    batches.iter().flat_map(of).collect()
}

fn text_file(values: &[Option<String>]) -> ::bytes::Bytes {
    let mut zstd = Zstd::new().unwrap();
    let mut column = TextColumn::new(true);
    for value in values {
        column
            .push_optional(value.as_deref().map(str::as_bytes), &mut zstd)
            .unwrap();
    }
    let chunk = column.finish(&mut zstd).unwrap();
    write_file(&layout(&[("t", DataType::Utf8, true)]), vec![chunk]).unwrap()
}

#[test]
fn a_full_dictionary_gives_way_to_plain_pages() {
    let value = |i: usize| (!i.is_multiple_of(11)).then(|| format!("{i:060}"));
    let values: Vec<_> = (0..4 * PAGE_ROWS + 3).map(value).collect();
    assert!(values.len() * 60 > 2 * DICTIONARY_BYTES);
    assert_eq!(texts(&read(text_file(&values)), 0), values);
}

#[test]
fn dictionary_numbers_are_valid_after_the_dictionary_is_full() {
    let mut zstd = Zstd::new().unwrap();
    let mut column = TextColumn::new(false);
    let (first, new) = column.push(b"first", &mut zstd).unwrap().unwrap();
    assert!(new);
    let mut expected = vec![Some("first".to_owned())];
    for i in 0..2 * PAGE_ROWS {
        let value = format!("{i:060}");
        column.push(value.as_bytes(), &mut zstd).unwrap();
        column.push_number(first, &mut zstd).unwrap();
        expected.extend([Some(value), Some("first".to_owned())]);
    }
    let chunk = column.finish(&mut zstd).unwrap();
    let file = write_file(&layout(&[("t", DataType::Utf8, false)]), vec![chunk]).unwrap();
    assert_eq!(texts(&read(file), 0), expected);
}

#[test]
fn columns_that_do_not_fit_the_schema_are_rejected() {
    let mut zstd = Zstd::new().unwrap();
    let mut int = || IntColumn::new(Width::W64, false).finish(&mut zstd).unwrap();
    let text = layout(&[("t", DataType::Utf8, false)]);
    assert!(write_file(&text, vec![]).is_err());
    assert!(write_file(&text, vec![int()]).is_err());
    let two = layout(&[("a", DataType::Int64, false), ("b", DataType::Int64, false)]);
    let mut longer = IntColumn::new(Width::W64, false);
    longer.push(1, &mut Zstd::new().unwrap()).unwrap();
    let longer = longer.finish(&mut Zstd::new().unwrap()).unwrap();
    assert!(write_file(&two, vec![int(), longer]).is_err());
}

#[test]
fn statistics_have_the_bounds_and_the_number_of_nulls() {
    let file = text_file(&[
        Some("m".into()),
        None,
        Some("a".into()),
        Some("z".into()),
        None,
    ]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let column = reader.metadata().row_group(0).column(0).clone();
    let statistics = column.statistics().unwrap();
    assert_eq!(statistics.min_bytes_opt(), Some(&b"a"[..]));
    assert_eq!(statistics.max_bytes_opt(), Some(&b"z"[..]));
    assert_eq!(statistics.null_count_opt(), Some(2));
}

#[test]
fn a_file_of_several_row_groups_is_drained_piece_by_piece() {
    let layout = layout(&[("b", DataType::Boolean, false)]);
    let mut zstd = Zstd::new().unwrap();
    let mut file = FileWriter::new(&layout, Vec::new()).unwrap();
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for group in 0..3 {
        let mut column = BooleanColumn::default();
        for row in 0..2 * PAGE_ROWS + group {
            let value = row % 7 == group || row > 20_000;
            column.push(value, &mut zstd).unwrap();
            expected.push(value);
        }
        file.write_group(vec![column.finish(&mut zstd).unwrap()])
            .unwrap();
        bytes.append(file.flushed().unwrap());
        assert_eq!(bytes.len(), file.bytes_written());
    }
    bytes.extend(file.finish().unwrap());
    let batches = read(bytes.into());
    let back = batches.iter().flat_map(|batch| {
        let column = batch.column(0).as_boolean();
        column.iter().map(Option::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(back.collect::<Vec<_>>(), expected);
}

/// Generates values as in real columns: few or many distinct ones, with and without runs.
fn some_texts() -> impl Strategy<Value = Vec<Option<String>>> {
    let value = prop_oneof![
        3 => Just(None), 3 => "[ab]{0,1}".prop_map(Some), 2 => ".{0,40}".prop_map(Some)
    ];
    let run = (value, prop_oneof![4 => Just(1usize), 1 => 1usize..200]);
    proptest::collection::vec(run, 0..120).prop_map(|runs| {
        runs.into_iter()
            .flat_map(|(v, n)| std::iter::repeat_n(v, n))
            .collect()
    })
}

fn some_ints() -> impl Strategy<Value = Vec<Option<i64>>> {
    let value = prop_oneof![
        2 => Just(None), 2 => (-5i64..5).prop_map(Some), 1 => any::<i64>().prop_map(Some),
        2 => (1_700_000_000_000_000i64..1_700_000_100_000_000).prop_map(Some),
        1 => Just(Some(i64::MIN)), 1 => Just(Some(i64::MAX)),
    ];
    proptest::collection::vec(value, 0..600)
}

proptest! {
    #[test]
    fn texts_round_trip(values in some_texts()) {
        prop_assert_eq!(texts(&read(text_file(&values)), 0), values);
    }

    #[test]
    fn texts_with_common_prefixes_round_trip(
        values in proptest::collection::vec(
            prop_oneof!["[ab]{0,30}", "abcdefghijklmnop[0-9]{0,4}", ".{0,12}"], 0..400),
        copies in 1usize..80,
    ) {
        let values: Vec<_> = values.into_iter().flat_map(|v| std::iter::repeat_n(v, copies)).collect();
        let mut zstd = Zstd::new().unwrap();
        let mut column = PrefixColumn::default();
        values.iter().for_each(|value| column.push(value.as_bytes(), &mut zstd).unwrap());
        let chunk = column.finish(&mut zstd).unwrap();
        let file = write_file(&layout(&[("t", DataType::Utf8, false)]), vec![chunk]).unwrap();
        let back: Vec<_> = texts(&read(file), 0).into_iter().map(Option::unwrap).collect();
        prop_assert_eq!(back, values);
    }

    #[test]
    fn integers_round_trip(values in some_ints(), small in proptest::collection::vec(-(1i64 << 30)..(1 << 30), 0..600)) {
        let rows = values.len().min(small.len());
        let mut zstd = Zstd::new().unwrap();
        let (mut wide, mut narrow) = (IntColumn::new(Width::W64, true), IntColumn::new(Width::W32, false));
        for (value, small) in values.iter().zip(&small) {
            wide.push_optional(*value, &mut zstd).unwrap();
            narrow.push(*small, &mut zstd).unwrap();
        }
        let chunks = vec![wide.finish(&mut zstd).unwrap(), narrow.finish(&mut zstd).unwrap()];
        let layout = layout(&[("wide", DataType::Int64, true), ("narrow", DataType::Int32, false)]);
        let batches = read(write_file(&layout, chunks).unwrap());
        let back: Vec<_> = batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().iter()).collect();
        prop_assert_eq!(&back, &values[..rows]);
        let back: Vec<_> = batches.iter().flat_map(|b| b.column(1).as_primitive::<Int32Type>().iter())
            .map(|v| i64::from(v.unwrap())).collect();
        prop_assert_eq!(&back, &small[..rows]);
    }

    #[test]
    fn floats_and_bytes_round_trip(rows in proptest::collection::vec(
        (proptest::option::of(-1e9f32..1e9), proptest::collection::vec(any::<u8>(), 0..5000)), 0..300,
    )) {
        let mut zstd = Zstd::new().unwrap();
        let (mut floats, mut bytes) = (FloatColumn::default(), BytesColumn::default());
        for (float, payload) in &rows {
            floats.push_optional(*float, &mut zstd).unwrap();
            bytes.push(payload, &mut zstd).unwrap();
        }
        let chunks = vec![floats.finish(&mut zstd).unwrap(), bytes.finish(&mut zstd).unwrap()];
        let layout = layout(&[("f", DataType::Float32, true), ("b", DataType::Binary, false)]);
        let batches = read(write_file(&layout, chunks).unwrap());
        let back: Vec<(Option<f32>, Vec<u8>)> = batches.iter().flat_map(|batch| {
            let floats = batch.column(0).as_primitive::<Float32Type>();
            let bytes = batch.column(1).as_binary::<i32>();
            (0..batch.num_rows())
                .map(|row| (floats.is_valid(row).then(|| floats.value(row)), bytes.value(row).to_vec()))
                .collect::<Vec<_>>()
        }).collect();
        prop_assert_eq!(back, rows);
    }
}

/// Padding with nulls and repeating values in bulk writes the same file as row by row, also
/// across pages.
#[test]
fn bulk_padding_and_repetition_equal_pushes_row_by_row() {
    let mut zstd = Zstd::new().unwrap();
    let rows = 2 * PAGE_ROWS + 77;
    let steps = [
        1,
        63,
        64,
        65,
        4_000,
        PAGE_ROWS - 1,
        PAGE_ROWS,
        PAGE_ROWS + 1,
    ];
    for step in steps {
        let has = |row: usize| row % step == step / 2;
        let (mut ints, mut floats) = (IntColumn::new(Width::W64, true), FloatColumn::default());
        let (mut texts, mut same) = (TextColumn::new(true), IntColumn::new(Width::W64, true));
        let (mut few_ints, mut few_floats) =
            (IntColumn::new(Width::W64, true), FloatColumn::default());
        let (mut few_texts, mut repeated) =
            (TextColumn::new(true), IntColumn::new(Width::W64, true));
        for row in 0..rows {
            let text = format!("text {}", row % 1_000);
            let value = has(row).then_some(row);
            let zstd = &mut zstd;
            ints.push_optional(value.map(|v| v as i64), zstd).unwrap();
            floats.push_optional(value.map(|v| v as f32), zstd).unwrap();
            let text_if = value.map(|_| text.as_bytes());
            texts.push_optional(text_if, zstd).unwrap();
            same.push(if row < step { 5 } else { 6 }, zstd).unwrap();
            if let Some(value) = value {
                few_ints.pad_to(row, zstd).unwrap();
                few_ints.push(value as i64, zstd).unwrap();
                few_floats.pad_to(row, zstd).unwrap();
                few_floats.push(value as f32, zstd).unwrap();
                few_texts.pad_to(row, zstd).unwrap();
                few_texts.push(text.as_bytes(), zstd).unwrap();
            }
        }
        few_ints.pad_to(rows, &mut zstd).unwrap();
        few_floats.pad_to(rows, &mut zstd).unwrap();
        few_texts.pad_to(rows, &mut zstd).unwrap();
        repeated.repeat(5, step, &mut zstd).unwrap();
        repeated.repeat(6, rows - step, &mut zstd).unwrap();
        let layout = layout(&[
            ("i", DataType::Int64, true),
            ("f", DataType::Float32, true),
            ("t", DataType::Utf8, true),
            ("s", DataType::Int64, true),
        ]);
        let mut file =
            |ints: IntColumn, floats: FloatColumn, texts: TextColumn, same: IntColumn| {
                let chunks = vec![
                    ints.finish(&mut zstd).unwrap(),
                    floats.finish(&mut zstd).unwrap(),
                    texts.finish(&mut zstd).unwrap(),
                    same.finish(&mut zstd).unwrap(),
                ];
                write_file(&layout, chunks).unwrap()
            };
        let row_by_row = file(ints, floats, texts, same);
        assert!(
            row_by_row == file(few_ints, few_floats, few_texts, repeated),
            "step {step}"
        );
    }
}

/// Compares the packing of every width with packing bit by bit.
#[test]
fn values_of_every_width_are_packed_lowest_bit_first() {
    for width in 0..=64u32 {
        let mask = u64::MAX.checked_shr(64 - width).unwrap_or(0);
        let values: [u64; bits::PACK] = std::array::from_fn(|index| {
            (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) & mask
        });
        let mut expected = vec![0u8; bits::PACK / 8 * width as usize];
        let all = values
            .iter()
            .flat_map(|value| (0..width).map(move |bit| value >> bit & 1));
        for (at, bit) in all.enumerate() {
            expected[at / 8] |= (bit as u8) << (at % 8);
        }
        let mut packed = Vec::new();
        bits::pack(&mut packed, &values, width).unwrap();
        assert_eq!(packed, expected, "width {width}");
    }
}

#[test]
fn a_value_that_exceeds_its_column_is_an_error() {
    let mut zstd = Zstd::new().unwrap();
    let mut column = IntColumn::new(Width::W32, false);
    column.push(i64::from(i32::MAX) + 1, &mut zstd).unwrap();
    assert!(column.finish(&mut zstd).is_err());
}

#[test]
fn a_width_that_no_value_has_is_an_error() {
    let mut packed = Vec::new();
    assert!(bits::pack(&mut packed, &[0; bits::PACK], 65).is_err());
    assert!(bits::put_hybrid(&mut packed, &[0; 40], 33).is_err());
    assert!(packed.is_empty());
}

#[test]
fn a_dictionary_is_bounded_on_insert() {
    let values: Vec<_> = (0..PAGE_ROWS + 10)
        .map(|i| Some(format!("{i:01024}")))
        .collect();
    let mut zstd = Zstd::new().unwrap();
    let mut column = TextColumn::new(true);
    for value in values.iter().flatten() {
        column.push(value.as_bytes(), &mut zstd).unwrap();
    }
    let chunk = column.finish(&mut zstd).unwrap();
    let dictionary = chunk.dictionary.as_ref().unwrap().uncompressed_size();
    assert!(dictionary <= MAX_DICTIONARY_BYTES + 1028, "{dictionary}");
    assert_eq!(texts(&read(text_file(&values)), 0), values);
}
