//! Properties of compaction: it is deterministic, incremental, and independent of memory.

use marquee_compaction::{CompactSettings, CompactedBucket, InputObject};
use marquee_lake::generation::EventCounts;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::lake::{Lake, task};
use crate::model::{Expected, expected};
use crate::rows::Cells;
use crate::units::{Unit, any_units};

/// Generates units and the objects that deliver them, as indices of units. Each unit is
/// delivered at least once.
pub(crate) fn any_delivery() -> impl Strategy<Value = (Vec<Unit>, Vec<Vec<usize>>)> {
    any_units(40).prop_flat_map(|units| {
        let count = units.len();
        let cuts = vec(0..6usize, count);
        let again = vec((0..count, 0..6usize), 0..12);
        (Just(units), cuts, again).prop_map(move |(units, cuts, again)| {
            let mut objects = vec![Vec::new(); 6];
            for (unit, object) in cuts.into_iter().enumerate().chain(again) {
                objects[object].push(unit);
            }
            objects.retain(|object| !object.is_empty());
            (units, objects)
        })
    })
}

pub(crate) fn put(lake: &Lake, units: &[Unit], objects: &[Vec<usize>]) -> Vec<InputObject> {
    let put = |(at, object): (usize, &Vec<usize>)| {
        let units = object.iter().map(|unit| &units[*unit]);
        lake.put_units(&format!("processed/{at}.parquet"), units)
    };
    objects.iter().enumerate().map(put).collect()
}

pub(crate) fn model(units: &[Unit], objects: &[Vec<usize>]) -> Expected {
    expected(objects.iter().flatten().map(|unit| &units[*unit]))
}

/// Returns the rows of `dropped_events` without the content digest.
pub(crate) fn dropped_rows(lake: &Lake, compacted: &CompactedBucket) -> Vec<Cells> {
    let mut rows = lake.rows(compacted, "dropped_events");
    for row in &mut rows {
        row.remove(6);
    }
    rows
}

fn counts_of(expected: &Expected) -> EventCounts {
    EventCounts {
        receipt_rows: expected.receipt_rows,
        curated: expected.events.len() as u64,
        duplicates: expected.dropped.len() as u64,
        conflicts: expected.conflicts,
        redelivered: expected.redelivered,
    }
}

/// Returns settings with little memory, so that few rows already give several sorted chunks,
/// files and row groups.
fn tight() -> CompactSettings {
    CompactSettings {
        memory_bytes: 3_000,
        ..small_files()
    }
}

fn small_files() -> CompactSettings {
    CompactSettings {
        file_bytes: 9_000,
        group_rows: 7,
        ..CompactSettings::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn compaction_agrees_with_the_model((units, objects) in any_delivery()) {
        let lake = Lake::new();
        let inputs = put(&lake, &units, &objects);
        let compacted = lake.compact(task("1", inputs, None), &CompactSettings::default()).unwrap();
        let expected = model(&units, &objects);
        prop_assert_eq!(lake.rows(&compacted, "events"), &expected.events[..]);
        prop_assert_eq!(dropped_rows(&lake, &compacted), &expected.dropped[..]);
        prop_assert_eq!(lake.rows(&compacted, "fact_session"), &expected.sessions[..]);
        prop_assert_eq!(lake.rows(&compacted, "fact_view"), &expected.views[..]);
        prop_assert_eq!(compacted.counts, counts_of(&expected));
    }

    #[test]
    fn incremental_runs_give_the_same_files_as_a_run_from_scratch(
        (units, objects) in any_delivery(),
        order in any::<prop::sample::Index>(),
        cuts in vec(1usize..4, 1..4),
    ) {
        let lake = Lake::new();
        let mut inputs = put(&lake, &units, &objects);
        let scratch = lake.compact(task("0", inputs.clone(), None), &small_files()).unwrap();
        let from = order.index(inputs.len());
        inputs.rotate_left(from);
        let mut parent: Option<CompactedBucket> = None;
        let mut summed = EventCounts::default();
        for (run, cut) in (1..).zip(cuts.into_iter().chain([usize::MAX])) {
            let now: Vec<_> = inputs.drain(..cut.min(inputs.len())).collect();
            let task = task(&run.to_string(), now, parent.as_ref());
            let compacted = lake.compact(task, &small_files()).unwrap();
            summed = EventCounts {
                receipt_rows: summed.receipt_rows + compacted.counts.receipt_rows,
                redelivered: summed.redelivered + compacted.counts.redelivered,
                ..compacted.counts
            };
            parent = Some(compacted);
        }
        let parent = parent.unwrap();
        prop_assert_eq!(lake.contents(&parent), lake.contents(&scratch));
        prop_assert_eq!(summed, scratch.counts);
    }

    #[test]
    fn the_memory_limit_does_not_affect_the_files((units, objects) in any_delivery(), cut in 0usize..6) {
        let lake = Lake::new();
        let mut inputs = put(&lake, &units, &objects);
        let late = inputs.split_off(cut.min(inputs.len()));
        let first = lake.compact(task("1", inputs.clone(), None), &small_files()).unwrap();
        let tight_first = lake.compact(task("2", inputs, None), &tight()).unwrap();
        prop_assert_eq!(lake.contents(&tight_first), lake.contents(&first));
        prop_assert_eq!(tight_first.counts, first.counts);
        let second = task("3", late.clone(), Some(&first));
        let second = lake.compact(second, &small_files()).unwrap();
        let tight_second = lake.compact(task("4", late, Some(&first)), &tight()).unwrap();
        prop_assert_eq!(lake.contents(&tight_second), lake.contents(&second));
        prop_assert_eq!(tight_second.counts, second.counts);
    }
}
