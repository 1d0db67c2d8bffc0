//! A refusal as a person reads it.

use marquee_event::parse;

/// What a person reads of the refusal; fails if the unit is accepted.
#[track_caller]
pub(crate) fn refusal(unit: impl AsRef<[u8]>) -> String {
    let unit = unit.as_ref();
    match parse(unit) {
        Err(refusal) => refusal.to_string(),
        Ok(event) => panic!("accepted: {} as {event:?}", String::from_utf8_lossy(unit)),
    }
}
