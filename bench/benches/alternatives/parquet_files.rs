//! The Parquet files of the transform: the handwritten encoder, and Arrow's builders with
//! the writer of the `parquet` crate. The columns, encodings and compression are the same.
//!
//! Both contestants read the records with the same functions, so that their difference is
//! that of the writers.

mod columns;

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use bytes::Bytes;
use marquee_bench::input::Input;
use marquee_codec::envelope;
use marquee_codec::{CodecError, Limits, Unit, Unpacker};
use marquee_encode::settings::writer_properties;
use marquee_event::{Event, Parser, TimeWindow};
use marquee_ingest::raw::Identity;
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformer};
use marquee_lake::zone::Zone;
use marquee_tables::schema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use self::columns::{ProcessedColumns, RawColumns};
use crate::Comparison;

pub(crate) fn compare(input: &Input) -> Result<Comparison<'_>> {
    let titles = Arc::new(Titles::new(None, input.titles.clone()));
    let mut transformer = Transformer::new(TransformSettings::default())?;
    let mut by_arrow = ByArrow::new()?;
    for payload in &input.payloads {
        let ours = by_hand(&mut transformer, payload, &titles)?;
        let theirs = by_arrow.transform(payload, &titles)?;
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            ensure!(rows(ours)? == rows(theirs)?, "the rows of the files differ");
        }
    }
    let their_titles = titles.clone();
    let payloads = &input.payloads;
    Ok(
        Comparison::new("Parquet files", input.events as usize, move || {
            for payload in payloads {
                black_box(by_hand(&mut transformer, payload, &titles)?);
            }
            Ok(())
        })
        .library("arrow and parquet", move || {
            for payload in payloads {
                black_box(by_arrow.transform(payload, &their_titles)?);
            }
            Ok(())
        }),
    )
}

/// Returns the raw and the processed file.
fn by_hand(transformer: &mut Transformer, payload: &[u8], titles: &Titles) -> Result<[Bytes; 2]> {
    let done = transformer.transform(&envelope::records(payload)?, titles)?;
    let file = |zone| {
        let file = done.files.iter().find(|file| file.zone == zone);
        file.map(|file| file.content.clone())
            .context("a file is missing")
    };
    Ok([file(Zone::Raw)?, file(Zone::Processed)?])
}

fn rows(file: Bytes) -> Result<Vec<RecordBatch>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.build()?;
    Ok(reader.collect::<Result<_, _>>()?)
}

/// The transform with Arrow's builders and the writer of the `parquet` crate.
struct ByArrow {
    unpacker: Unpacker,
    parser: Parser,
    raw: RawColumns,
    processed: ProcessedColumns,
    raw_properties: WriterProperties,
    processed_properties: WriterProperties,
}

impl ByArrow {
    fn new() -> Result<Self> {
        Ok(Self {
            unpacker: Unpacker::new(Limits::default()),
            parser: Parser::new(),
            raw: RawColumns::default(),
            processed: ProcessedColumns::default(),
            raw_properties: properties(&schema::raw_events())?,
            processed_properties: properties(&schema::processed_events())?,
        })
    }

    /// Returns the raw and the processed file.
    fn transform(&mut self, payload: &[u8], titles: &Titles) -> Result<[Bytes; 2]> {
        let Self {
            unpacker,
            parser,
            raw,
            processed,
            ..
        } = self;
        let records = envelope::records(payload)?;
        let processed_at = records.last().map_or(0, |record| record.arrived_at);
        let load = |index: usize, out: &mut Vec<u8>| match records.get(index) {
            Some(record) if record.decode_data(out) => Ok(()),
            _ => Err(CodecError::NotBase64),
        };
        let mut place = (0, 0);
        unpacker.unpack(records.len(), load, |index, unit| {
            let record = records.get(index).context("a record is missing")?;
            place = match place.0 == index {
                true => place,
                false => (index, 0),
            };
            let identity = Identity {
                shard_id: &record.shard_id,
                sequence_number: &record.sequence_number,
                sub_sequence: place.1,
                arrived_at: record.arrived_at,
            };
            place.1 += 1;
            let Unit::Line {
                bytes,
                partition_key,
            } = unit
            else {
                anyhow::bail!("a record is broken");
            };
            raw.push(
                &identity,
                partition_key.unwrap_or(&record.partition_key),
                bytes,
            );
            let mut event = Event::blank();
            parser.parse_into(bytes, &mut event)?;
            event.admit(record.arrived_at, TimeWindow::default())?;
            processed.push(&event, &identity, processed_at, titles)
        })?;
        let raw = write(self.raw.finish()?, &self.raw_properties)?;
        let processed = write(self.processed.finish()?, &self.processed_properties)?;
        Ok([raw, processed])
    }
}

fn write(batch: RecordBatch, properties: &WriterProperties) -> Result<Bytes> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.clone()))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?.into())
}

/// Returns the properties by which the `parquet` crate writes a file as the handwritten
/// encoder does.
fn properties(schema: &SchemaRef) -> Result<WriterProperties> {
    let mut properties = WriterProperties::clone(&*writer_properties()?).into_builder();
    for field in schema.fields() {
        let column = ColumnPath::from(field.name().as_str());
        let is_prefixed = ["event_id", "sequence_number"].contains(&field.name().as_str());
        properties = match field.data_type() {
            DataType::Utf8 if is_prefixed => properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BYTE_ARRAY),
            DataType::Utf8 => properties,
            DataType::Float32 | DataType::Binary => {
                properties.set_column_dictionary_enabled(column, false)
            }
            _ => properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_compression(column, Compression::UNCOMPRESSED),
        };
    }
    Ok(properties.build())
}
