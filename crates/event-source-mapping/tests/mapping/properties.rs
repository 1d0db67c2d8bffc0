//! Property tests: delivery guarantees over random streams, settings and faults.

use std::collections::HashSet;
use std::sync::Arc;

use marquee_event_source_mapping::MappingSettings;
use marquee_stream::{SequenceNumber, ShardId, Stream};
use object_store::memory::InMemory;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fake::{FakeFunction, dead_letters, drain, put, settings};
use crate::faults::{FaultRates, FaultyFunction};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_record_is_delivered_in_order_or_a_dead_letter(
        keys in vec("[a-f]", 0..60),
        poison in vec(any::<prop::sample::Index>(), 0..3),
        batch_size in 1_usize..20,
        max_retries in 0_u32..4,
        bisect in any::<bool>(),
        seed in any::<u64>(),
        share in 0.0..0.3,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let poisoned: HashSet<_> =
            poison.iter().filter(|_| !keys.is_empty()).map(|index| index.index(keys.len())).collect();
        let records: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| {
                let data: &[u8] = if poisoned.contains(&index) { b"poison" } else { b"good" };
                (key.as_str(), data, index as i64)
            })
            .collect();
        put(dir.path(), 2, &records);
        let settings = MappingSettings { batch_size, max_retries: Some(max_retries), bisect, ..settings() };
        let faults = FaultRates { seed, fail_before: share, fail_after: share, partial: share, max_per_payload: 4 };
        let run = || {
            let function = FakeFunction::failing_on_poison();
            let faulty = Arc::new(FaultyFunction::new(function.clone(), faults));
            let store = Arc::new(InMemory::new());
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let consumer = tempfile::tempdir().unwrap();
            let settings = MappingSettings {
                consumer: consumer.path().file_name().unwrap().to_str().unwrap().replace('.', ""),
                ..settings.clone()
            };
            let totals = runtime.block_on(drain(dir.path(), faulty, store.clone(), settings)).unwrap();
            let kept: HashSet<SequenceNumber> = runtime
                .block_on(dead_letters(&*store))
                .into_iter()
                .flat_map(|(_, records)| records)
                .map(|record| record.number)
                .collect();
            (function, totals, kept)
        };
        let (function, totals, kept) = run();

        let mut all = HashSet::new();
        for &shard in Stream::open(dir.path()).unwrap().shards() {
            let mut reader = Stream::open(dir.path()).unwrap().reader(shard, None).unwrap();
            let mut delivered = HashSet::new();
            for record in function.delivered(shard) {
                // First deliveries are in order; only redeliveries go back.
                if delivered.insert(record.number) {
                    prop_assert!(delivered.iter().all(|earlier| *earlier <= record.number));
                }
            }
            while let Some(record) = reader.next().unwrap() {
                let number = record.sequence_number;
                prop_assert!(delivered.contains(&number) || kept.contains(&number));
                prop_assert!(record.data != b"poison" || kept.contains(&number));
                all.insert(number);
            }
        }
        prop_assert!(kept.is_subset(&all));
        prop_assert_eq!(totals.dead_letter_records, kept.len() as u64);
        prop_assert_eq!(totals.records + totals.dead_letter_records, all.len() as u64);

        let (function_again, totals_again, kept_again) = run();
        prop_assert_eq!((totals, kept), (totals_again, kept_again));
        for shard in [0, 1].map(ShardId::new) {
            prop_assert_eq!(function.delivered(shard), function_again.delivered(shard));
        }
    }
}
