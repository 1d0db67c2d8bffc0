//! A rejection as a person reads it.

use marquee_event::parse;

/// What a person reads of the rejection; fails if the unit is accepted.
#[track_caller]
pub(crate) fn rejection(unit: impl AsRef<[u8]>) -> String {
    let unit = unit.as_ref();
    match parse(unit) {
        Err(rejection) => rejection.to_string(),
        Ok(event) => panic!("accepted: {} as {event:?}", String::from_utf8_lossy(unit)),
    }
}
