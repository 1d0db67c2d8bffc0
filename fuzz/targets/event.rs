//! Fuzzes `parse` with arbitrary bytes as a unit: it must agree with the slow
//! reference model of the contract.
#![no_main]

#[path = "../../crates/event/tests/model/mod.rs"]
mod model;

use libfuzzer_sys::fuzz_target;
use marquee_event::{Event, parse};
use model::{Judgement, judge};
use serde_json::Value;

fuzz_target!(|unit: &[u8]| {
    let parsed = parse(unit);
    match (judge(unit), &parsed) {
        (Judgement::NumberOutOfRange, _) => {}
        (Judgement::Rejected(reason, field), Err(rejection)) => {
            assert_eq!((rejection.reason, rejection.field), (reason, field));
        }
        (Judgement::Event(event, unknown), Ok(parsed)) => {
            let extra = parsed.extra.as_deref().map(|extra| {
                serde_json::from_str::<Value>(extra).expect("extra fields are JSON")
            });
            assert_eq!(extra, unknown);
            assert_eq!(
                Event {
                    extra: None,
                    ..parsed.clone()
                },
                *event
            );
        }
        (judgement, parsed) => panic!("{judgement:?}, but {parsed:?}"),
    }
});
