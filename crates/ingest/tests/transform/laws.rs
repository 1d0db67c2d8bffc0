//! Property tests of the transform over arbitrary batches.

use std::collections::BTreeMap;

use marquee_codec::envelope;
use marquee_codec::{Compression, Limits, compress, kpl};
use marquee_event::{Date, Event, MICROS_PER_DAY, Reason, TimeWindow, Title, TitleKind};
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformed, Transformer};
use marquee_lake::zone::Zone;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::any_event::{any_event, any_json};
use crate::expected::{Expected, Unit, without_decoder_message};
use crate::payload::{ARRIVAL_MS, SHARD, Sent, payload};
use crate::rows::{Cell, Rows, column};

/// Small limits, so that a larger record is generated fast.
const LIMITS: Limits = Limits {
    record_bytes: 256 << 10,
    batch_bytes: 256 << 20,
};

/// The data of a Kinesis record, and the units that it must yield.
#[derive(Debug, Clone)]
enum Data {
    /// The data and its lines, each with the partition key of its user record if the data is
    /// an aggregate.
    Lines(Vec<u8>, Vec<(Vec<u8>, Option<String>)>),
    /// Data that cannot be unpacked, and the reason.
    Broken(Vec<u8>, Reason),
    NotBase64(String),
}

pub(crate) fn title_catalog() -> Vec<Title> {
    let title = |id: &str, series: Option<&str>, genres: &[&str], runtime_ms| Title {
        title_id: id.to_owned(),
        name: id.to_uppercase(),
        kind: TitleKind::Movie,
        series_id: series.map(str::to_owned),
        season: None,
        episode: None,
        genres: genres.iter().map(|genre| (*genre).to_owned()).collect(),
        runtime_ms,
        runtime_estimated: false,
        release_date: None,
    };
    vec![
        title("t-bare", None, &[], None),
        title("t-film", None, &["drama", "crime"], Some(90_000)),
        title("t-part", Some("s-1"), &["drama"], Some(1)),
        title("t-next", Some("s-1"), &["drama"], Some(604_800_000)),
    ]
}

/// Generates events, mostly of a title in the catalog and a time in the window.
fn timely_event() -> impl Strategy<Value = Event<'static>> {
    let title = prop_oneof![
        Just(None),
        proptest::sample::select(vec!["t-bare", "t-film", "t-part", "t-next", "t-unknown"])
            .prop_map(Some),
    ];
    let time = prop_oneof![
        1 => Just(None),
        6 => (-399 * MICROS_PER_DAY..3_600_000_000).prop_map(|away| Some(ARRIVAL_MS * 1000 + away)),
    ];
    (any_event(), title, time).prop_map(|(mut event, title, time)| {
        if let (Some(title), Some(_)) = (title, &event.title_id) {
            event.title_id = Some(title.into());
        }
        if let Some(time) = time {
            event.event_time = time;
        }
        event
    })
}

fn written(event: &Event<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.write_json(&mut bytes).unwrap();
    bytes
}

/// Generates a line: an event, a damaged event, other JSON, or arbitrary bytes.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let event = || timely_event().prop_map(|event| written(&event));
    let nearly =
        (event(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
    prop_oneof![
        6 => event(),
        2 => nearly,
        1 => any_json().prop_map(|json| json.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..60),
        1 => Just(b" \t\r".to_vec()),
    ]
    .prop_map(|mut line| {
        line.retain(|byte| *byte != b'\n');
        // A record that starts with magic bytes would be unpacked.
        if let Some(first) = line.first_mut()
            && [0x1F, 0x28, 0xF3].contains(first)
        {
            *first = b'{';
        }
        line
    })
}

/// Returns the lines that are units.
fn units_of(lines: &[Vec<u8>]) -> impl Iterator<Item = Vec<u8>> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    lines
        .iter()
        .filter(move |line| !line.iter().all(blank))
        .cloned()
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![
        Just(Compression::None),
        Just(Compression::Zstd),
        Just(Compression::Gzip)
    ]
}

fn lines() -> impl Strategy<Value = Data> {
    (vec(line(), 0..4), compression()).prop_map(|(lines, outer)| {
        let units = units_of(&lines).map(|line| (line, None)).collect();
        Data::Lines(compress(outer, &lines.join(&b'\n')).unwrap(), units)
    })
}

fn aggregate() -> impl Strategy<Value = Data> {
    let user = ("[a-c]é?", vec(line(), 0..4), compression());
    (vec(user, 1..5), compression()).prop_map(|(users, outer)| {
        let mut aggregate = kpl::Aggregate::new();
        let mut units = Vec::new();
        for (key, lines, inner) in users {
            let data = compress(inner, &lines.join(&b'\n')).unwrap();
            aggregate.push(&key, None, &data);
            units.extend(units_of(&lines).map(|line| (line, Some(key.clone()))));
        }
        Data::Lines(compress(outer, &aggregate.finish()).unwrap(), units)
    })
}

/// Generates a truncated record, or one that unpacks to more than the limit.
fn broken() -> impl Strategy<Value = Data> {
    let packed = prop_oneof![lines(), aggregate()].prop_filter_map("packed", |data| match data {
        Data::Lines(bytes, _)
            if kpl::is_aggregate(&bytes) || Compression::of(&bytes) != Compression::None =>
        {
            Some(bytes)
        }
        _ => None,
    });
    let cut = (packed, any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
        bytes.truncate(4 + at.index(bytes.len() - 4));
        Data::Broken(bytes, Reason::UndecodableRecord)
    });
    let bomb = (
        LIMITS.record_bytes + 1..LIMITS.record_bytes + 100_000,
        prop_oneof![Just(Compression::Zstd), Just(Compression::Gzip)],
        any::<bool>(),
    )
        .prop_map(|(length, compression, aggregated)| {
            let mut bytes = compress(compression, &vec![b' '; length]).unwrap();
            if aggregated {
                let mut aggregate = kpl::Aggregate::new();
                aggregate.push("k", None, b"{}");
                aggregate.push("k", None, &bytes);
                bytes = aggregate.finish();
            }
            Data::Broken(bytes, Reason::RecordTooLarge)
        });
    prop_oneof![4 => cut, 1 => bomb]
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        4 => lines(),
        4 => aggregate(),
        1 => broken(),
        1 => "[A-Za-z]{4}[-_!é ]{1,3}".prop_map(Data::NotBase64),
    ]
}

/// Generates records, and the units that they must yield.
fn batch() -> impl Strategy<Value = (Vec<Sent>, Vec<Unit>)> {
    vec((data(), 0..5_000_i64, "[a-z\"\\\\é]{0,6}"), 1..14).prop_map(|records| {
        let mut units = Vec::new();
        let sent = records
            .into_iter()
            .zip(1..)
            .map(|((data, later, key), sequence)| {
                let bytes = match &data {
                    Data::Lines(bytes, _) | Data::Broken(bytes, _) => bytes.as_slice(),
                    Data::NotBase64(_) => &[],
                };
                let mut sent = Sent::new(sequence, bytes);
                sent.key = key;
                sent.arrived_ms += later;
                let rejected = |bytes, reason| vec![(bytes, None, Some(reason))];
                let of_record = match data {
                    Data::Lines(_, lines) => lines
                        .into_iter()
                        .map(|(line, key)| (line, key, None))
                        .collect(),
                    Data::Broken(bytes, reason) => rejected(bytes, reason),
                    Data::NotBase64(text) => {
                        sent.data.clone_from(&text);
                        rejected(text.into_bytes(), Reason::UndecodableRecord)
                    }
                };
                for ((bytes, key, broken), sub_sequence) in of_record.into_iter().zip(0..) {
                    units.push(Unit {
                        shard: SHARD,
                        sequence_number: sent.sequence_number(),
                        sub_sequence,
                        partition_key: key.unwrap_or_else(|| sent.key.clone()),
                        arrived_at: sent.arrived_ms * 1000,
                        bytes,
                        broken,
                    });
                }
                sent
            })
            .collect();
        (sent, units)
    })
}

fn settings(raw: bool) -> TransformSettings {
    TransformSettings {
        limits: LIMITS,
        raw,
        ..TransformSettings::default()
    }
}

fn transform(transformer: &mut Transformer, records: &[Sent], titles: &Titles) -> Transformed {
    let payload = payload(records);
    let records = envelope::records(&payload).unwrap();
    transformer.transform(&records, titles).unwrap()
}

fn counts(cells: Vec<Cell>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for cell in cells {
        let Cell::Text(text) = cell else {
            panic!("{cell:?} is not text");
        };
        *counts.entry(text).or_default() += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_unit_has_the_expected_rows((records, units) in batch()) {
        let titles = Titles::new(None, title_catalog());
        let mut transformer = Transformer::new(settings(true)).unwrap();
        let done = transform(&mut transformer, &records, &titles);
        let rows = Rows::of(&done);
        let last = records.last().map_or(0, |record| record.arrived_ms * 1000);
        let expected = Expected::of(&units, &title_catalog(), TimeWindow::default(), last);

        prop_assert_eq!(&rows.raw, &expected.raw);
        prop_assert_eq!(&rows.processed, &expected.processed);
        let quarantine: Vec<_> = rows.quarantine.iter().cloned().map(without_decoder_message).collect();
        prop_assert_eq!(&quarantine, &expected.quarantine);

        // The counts agree with the files.
        prop_assert_eq!(done.received, units.len() as u64);
        prop_assert_eq!(done.received_bytes, units.iter().map(|unit| unit.bytes.len() as u64).sum::<u64>());
        prop_assert_eq!(done.processed, rows.processed.len() as u64);
        prop_assert_eq!(done.processed + done.rejected.values().sum::<u64>(), done.received);
        let reasons = done.rejected.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect();
        prop_assert_eq!(counts(column(Zone::Quarantine, &rows.quarantine, "reason")), reasons);
        let dates = column(Zone::Processed, &rows.processed, "event_date");
        let mut by_date: BTreeMap<Date, u64> = BTreeMap::new();
        for date in dates {
            let Cell::Int(days) = date else { panic!("{date:?} is not a date") };
            *by_date.entry(Date::from_days(i32::try_from(days).unwrap())).or_default() += 1;
        }
        prop_assert_eq!(by_date, done.event_dates);
    }

    #[test]
    fn output_is_deterministic((records, _) in batch(), (others, _) in batch()) {
        let titles = Titles::new(None, title_catalog());
        let mut fresh = Transformer::new(settings(true)).unwrap();
        let mut used = Transformer::new(settings(true)).unwrap();
        transform(&mut used, &others, &titles);
        let first = transform(&mut fresh, &records, &titles);
        prop_assert_eq!(&transform(&mut used, &records, &titles), &first);
        prop_assert_eq!(&transform(&mut used, &records, &titles), &first);

        // Without the raw zone, the other files are the same.
        let mut without = Transformer::new(settings(false)).unwrap();
        let mut expected = first;
        expected.files.retain(|file| file.zone != Zone::Raw);
        prop_assert_eq!(transform(&mut without, &records, &titles), expected);
    }

    #[test]
    fn any_data_is_accounted_for(texts in vec(prop_oneof![
        "[A-Za-z0-9+/=]{0,40}",
        vec(any::<u8>(), 0..200).prop_map(|bytes| base64_simd::STANDARD.encode_to_string(bytes)),
        (proptest::sample::select(vec![&[0x28, 0xB5, 0x2F, 0xFD][..], &[0x1F, 0x8B, 8], &kpl::MAGIC]), vec(any::<u8>(), 0..200))
            .prop_map(|(magic, tail)| base64_simd::STANDARD.encode_to_string([magic, &tail].concat())),
    ], 0..20)) {
        let records: Vec<Sent> = texts.into_iter().zip(1..)
            .map(|(data, sequence)| Sent { data, ..Sent::new(sequence, b"") })
            .collect();
        let done = transform(&mut Transformer::new(settings(true)).unwrap(), &records, &Titles::default());
        let rows = Rows::of(&done);
        prop_assert_eq!(rows.raw.len() as u64, done.received);
        prop_assert_eq!((rows.processed.len() + rows.quarantine.len()) as u64, done.received);
        let identity = |row: &Vec<Cell>| row[..3].to_vec();
        let mut identities: Vec<String> = rows.raw.iter().map(|row| format!("{:?}", identity(row))).collect();
        identities.dedup();
        prop_assert_eq!(identities.len() as u64, done.received);
    }

    #[test]
    fn any_payload_is_parsed_or_rejected(
        (records, _) in batch(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut payload = payload(&records);
        let at = at.index(payload.len());
        match cut {
            true => payload.truncate(at),
            false => payload[at] = byte,
        }
        if let Ok(records) = envelope::records(&payload) {
            let mut transformer = Transformer::new(settings(true)).unwrap();
            let done = transformer.transform(&records, &Titles::default()).unwrap();
            let rows = Rows::of(&done);
            prop_assert_eq!((rows.processed.len() + rows.quarantine.len()) as u64, done.received);
        }
    }
}
