//! The text of a rejection.

use marquee_event::parse;

/// Returns the text of the unit's rejection. Panics if the unit is valid.
#[track_caller]
pub(crate) fn rejection(unit: impl AsRef<[u8]>) -> String {
    let unit = unit.as_ref();
    match parse(unit) {
        Err(rejection) => rejection.to_string(),
        Ok(event) => panic!("accepted: {} as {event:?}", String::from_utf8_lossy(unit)),
    }
}
