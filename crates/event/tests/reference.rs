//! Compares `parse` with an independent model of the contract and with `write_json`, over
//! arbitrary and damaged events.
//!
//! For a longer run, like a fuzzer's:
//!
//! ```text
//! PROPTEST_CASES=1000000 cargo test -p marquee-event --test reference
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod any_event;
mod model;
mod mutation;

use std::collections::BTreeMap;

use any_event::{YEARS_0_TO_9999, any_event};
use marquee_event::{Event, Parser, Reason, fields, parse};
use model::{Judgement, judge};
use mutation::any_changed_event;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use proptest::{collection, option};
use serde_json::Value;

fn written(event: &Event<'_>) -> Vec<u8> {
    let mut unit = Vec::new();
    event.write_json(&mut unit).unwrap();
    unit
}

/// Generates changed events whose bytes are also damaged: truncated, replaced or inserted.
fn any_damaged_event() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), select(&b"\"\\{}[]:,0-.eu \n\0\xff"[..])];
    let damage = prop_oneof![
        3 => Just(Vec::new()),
        2 => collection::vec((any::<Index>(), byte, any::<bool>()), 1..4),
    ];
    let cut = prop_oneof![4 => Just(None), 1 => option::of(any::<Index>())];
    (any_changed_event(), damage, cut).prop_map(|(unit, damage, cut)| {
        let mut unit = unit.into_bytes();
        for (at, byte, put_in) in damage {
            let at = at.index(unit.len());
            if put_in {
                unit.insert(at, byte);
            } else {
                unit[at] = byte;
            }
        }
        if let Some(cut) = cut {
            unit.truncate(cut.index(unit.len()));
        }
        unit
    })
}

fn agrees_with_the_model(unit: &[u8]) -> Result<(), TestCaseError> {
    let parsed = parse(unit);
    let text = String::from_utf8_lossy(unit);
    match (judge(unit), &parsed) {
        (Judgement::NumberOutOfRange, _) => {}
        (Judgement::Rejected(reason, field), Err(rejection)) => {
            prop_assert_eq!(
                (rejection.reason, rejection.field),
                (reason, field),
                "{}: {}",
                rejection,
                text
            );
        }
        (Judgement::Event(event, unknown), Ok(parsed)) => {
            let extra = parsed
                .extra
                .as_deref()
                .map(|extra| serde_json::from_str::<Value>(extra).unwrap());
            prop_assert_eq!(extra, unknown, "{}", text);
            prop_assert_eq!(
                &Event {
                    extra: None,
                    ..parsed.clone()
                },
                &*event,
                "{}",
                text
            );
        }
        (judgement, _) => prop_assert!(false, "{judgement:?}, but {parsed:?}: {text}"),
    }
    if let Ok(event) = parsed
        && YEARS_0_TO_9999.contains(&event.event_time)
    {
        let again = written(&event);
        prop_assert_eq!(parse(&again), Ok(event), "{}", text);
    }
    Ok(())
}

/// The model lists the fields independently, by hand.
#[test]
fn the_model_has_a_rule_for_every_field_in_order() {
    let missing: Vec<&str> = fields()
        .map(|field| field.path)
        .filter(|path| !model::fields().any(|known| known == *path))
        .collect();
    assert!(
        missing.is_empty(),
        "crates/event/src/fields.rs declares {missing:?}, but RULES in \
         crates/event/tests/model/mod.rs has no line for it"
    );
    assert!(model::fields().eq(fields().map(|field| field.path)));
}

proptest! {
    #[test]
    fn a_written_event_is_parsed_back(event in any_event()) {
        let unit = written(&event);
        prop_assert!(!unit.contains(&b'\n'));
        prop_assert_eq!(parse(&unit), Ok(event));
    }

    #[test]
    fn the_model_agrees_on_changed_events(unit in any_changed_event()) {
        agrees_with_the_model(unit.as_bytes())?;
    }

    #[test]
    fn the_model_agrees_on_damaged_events(unit in any_damaged_event()) {
        agrees_with_the_model(&unit)?;
    }

    /// A parser remembers the order of keys, which must not change its results.
    #[test]
    fn earlier_units_do_not_change_a_result(units in collection::vec(any_damaged_event(), 2..8)) {
        let mut parser = Parser::new();
        for unit in &units {
            prop_assert_eq!(parser.parse(unit), parse(unit), "{}", String::from_utf8_lossy(unit));
        }
    }

    #[test]
    fn the_model_agrees_on_any_bytes(unit in collection::vec(any::<u8>(), 0..600)) {
        agrees_with_the_model(&unit)?;
    }

    #[test]
    fn the_model_agrees_on_any_object(members in "(?s:.){0,80}") {
        agrees_with_the_model(format!("{{{members}}}").as_bytes())?;
    }
}

#[test]
fn a_truncated_event_is_invalid_json() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let unit = written(&any_event().new_tree(&mut runner).unwrap().current());
        for cut in 0..unit.len() {
            assert_eq!(
                parse(&unit[..cut]).map_err(|rejection| rejection.reason),
                Err(Reason::InvalidJson)
            );
        }
    }
}

/// The comparisons above cover only units that the generator produces.
#[test]
fn the_generator_produces_valid_events_and_most_reasons() {
    let mut runner = TestRunner::deterministic();
    let units = any_changed_event();
    let mut outcomes = BTreeMap::<_, u32>::new();
    for _ in 0..4000 {
        let unit = units.new_tree(&mut runner).unwrap().current();
        let outcome =
            parse(unit.as_bytes()).map_or_else(|rejection| rejection.reason.name(), |_| "accepted");
        *outcomes.entry(outcome).or_default() += 1;
    }
    assert!((1000..3000).contains(&outcomes["accepted"]), "{outcomes:?}");
    // All reasons except those of the arrival and of records, and `not_an_object`.
    for reason in [
        Reason::InvalidJson,
        Reason::MissingField,
        Reason::WrongType,
        Reason::UnknownEventType,
        Reason::OutOfRange,
        Reason::TooLong,
        Reason::IllegalCharacter,
        Reason::UnsupportedSchemaVersion,
    ] {
        assert!(
            outcomes.get(reason.name()).is_some_and(|units| *units > 40),
            "{reason}: {outcomes:?}"
        );
    }
}
