//! Arrow's builders of the columns of the raw and the processed files.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, Date32Builder, Float32Builder, Int32Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use marquee_event::Event;
use marquee_ingest::raw::Identity;
use marquee_ingest::titles::Titles;
use marquee_tables::schema;
use uuid::fmt::Hyphenated;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Finishes builders in the order of the columns.
macro_rules! finish {
    ($($builder:expr),* $(,)?) => {
        vec![$(ArrayBuilder::finish(&mut $builder)),*]
    };
}

fn times(builder: &mut TimestampMicrosecondBuilder) -> ArrayRef {
    Arc::new(builder.finish().with_timezone("UTC"))
}

#[derive(Default)]
pub(super) struct RawColumns {
    shard_ids: StringBuilder,
    sequence_numbers: StringBuilder,
    sub_sequences: Int32Builder,
    partition_keys: StringBuilder,
    arrivals: TimestampMicrosecondBuilder,
    payloads: BinaryBuilder,
}

impl RawColumns {
    pub(super) fn push(&mut self, identity: &Identity<'_>, partition_key: &str, payload: &[u8]) {
        self.shard_ids.append_value(identity.shard_id);
        self.sequence_numbers.append_value(identity.sequence_number);
        self.sub_sequences
            .append_value(identity.sub_sequence as i32);
        self.partition_keys.append_value(partition_key);
        self.arrivals.append_value(identity.arrived_at);
        self.payloads.append_value(payload);
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let mut columns = finish![
            self.shard_ids,
            self.sequence_numbers,
            self.sub_sequences,
            self.partition_keys,
        ];
        columns.push(times(&mut self.arrivals));
        columns.extend(finish![self.payloads]);
        Ok(RecordBatch::try_new(schema::raw_events(), columns)?)
    }
}

#[derive(Default)]
pub(super) struct ProcessedColumns {
    event_ids: StringBuilder,
    event_types: StringBuilder,
    event_times: TimestampMicrosecondBuilder,
    event_dates: Date32Builder,
    user_ids: StringBuilder,
    session_ids: StringBuilder,
    profile_ids: StringBuilder,
    countries: StringBuilder,
    device_types: StringBuilder,
    device_systems: StringBuilder,
    app_versions: StringBuilder,
    title_ids: StringBuilder,
    positions: Int64Builder,
    from_positions: Int64Builder,
    queries: StringBuilder,
    results: Int32Builder,
    rows_browsed: Int32Builder,
    ratings: Float32Builder,
    series_ids: StringBuilder,
    genres: StringBuilder,
    runtimes: Int64Builder,
    completion_rates: Float32Builder,
    extras: StringBuilder,
    producer_ids: StringBuilder,
    producer_seqs: Int64Builder,
    shard_ids: StringBuilder,
    sequence_numbers: StringBuilder,
    sub_sequences: Int32Builder,
    arrivals: TimestampMicrosecondBuilder,
    processed_at: TimestampMicrosecondBuilder,
    network_types: StringBuilder,
}

impl ProcessedColumns {
    pub(super) fn push(
        &mut self,
        event: &Event<'_>,
        identity: &Identity<'_>,
        processed_at: i64,
        titles: &Titles,
    ) -> Result<()> {
        let mut id = [0; Hyphenated::LENGTH];
        let id = event.event_id.hyphenated().encode_lower(&mut id);
        self.event_ids.append_value(id);
        self.event_types.append_value(event.event_type.name());
        self.event_times.append_value(event.event_time);
        let date = event.event_time.div_euclid(MICROS_PER_DAY);
        self.event_dates.append_value(date as i32);
        self.user_ids.append_value(&event.user_id);
        self.session_ids.append_value(&event.session_id);
        self.profile_ids.append_option(event.profile_id.as_deref());
        let country = event.country.as_ref();
        let country = country.map(|country| std::str::from_utf8(country.as_bytes()));
        self.countries.append_option(country.transpose()?);
        let device = &event.device;
        self.device_types.append_option(device.kind.as_deref());
        self.device_systems.append_option(device.os.as_deref());
        self.app_versions
            .append_option(device.app_version.as_deref());
        self.title_ids.append_option(event.title_id.as_deref());
        self.positions.append_option(event.position_ms);
        self.from_positions.append_option(event.from_position_ms);
        self.queries.append_option(event.query.as_deref());
        self.results.append_option(event.results);
        self.rows_browsed.append_option(event.row);
        self.ratings
            .append_option(event.rating.map(|rating| rating.stars()));
        self.push_title(event, titles);
        self.extras.append_option(event.extra.as_deref());
        let producer = event.producer.as_ref();
        self.producer_ids
            .append_option(producer.map(|producer| &producer.id));
        self.producer_seqs
            .append_option(producer.map(|producer| producer.seq));
        self.shard_ids.append_value(identity.shard_id);
        self.sequence_numbers.append_value(identity.sequence_number);
        self.sub_sequences
            .append_value(identity.sub_sequence as i32);
        self.arrivals.append_value(identity.arrived_at);
        self.processed_at.append_value(processed_at);
        self.network_types
            .append_option(event.network_type.as_deref());
        Ok(())
    }

    fn push_title(&mut self, event: &Event<'_>, titles: &Titles) {
        let title = event.title_id.as_deref().and_then(|id| titles.get(id));
        self.series_ids
            .append_option(title.and_then(|title| title.series_id.as_deref()));
        self.genres
            .append_option(title.and_then(|title| title.genres.as_deref()));
        let runtime = title.and_then(|title| title.runtime_ms);
        self.runtimes.append_option(runtime);
        let rate = match (event.position_ms, runtime) {
            (Some(position), Some(runtime)) if event.event_type.is_playback() => {
                Some((position as f64 / runtime as f64).min(1.0) as f32)
            }
            _ => None,
        };
        self.completion_rates.append_option(rate);
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let mut columns = finish![self.event_ids, self.event_types];
        columns.push(times(&mut self.event_times));
        columns.extend(finish![
            self.event_dates,
            self.user_ids,
            self.session_ids,
            self.profile_ids,
            self.countries,
            self.device_types,
            self.device_systems,
            self.app_versions,
            self.title_ids,
            self.positions,
            self.from_positions,
            self.queries,
            self.results,
            self.rows_browsed,
            self.ratings,
            self.series_ids,
            self.genres,
            self.runtimes,
            self.completion_rates,
            self.extras,
            self.producer_ids,
            self.producer_seqs,
            self.shard_ids,
            self.sequence_numbers,
            self.sub_sequences,
        ]);
        columns.push(times(&mut self.arrivals));
        columns.push(times(&mut self.processed_at));
        columns.extend(finish![self.network_types]);
        Ok(RecordBatch::try_new(schema::processed_events(), columns)?)
    }
}
