//! The fingerprint of what an event says.

use xxhash_rust::xxh3::Xxh3;

use crate::row::Row;
use crate::rows::Rows;

/// XXH3 over the event's own columns: not its user and id, which are the same
/// for all that it is compared with; not where it came from and when, nor its
/// producer's count, which are of the delivery; not what the catalogue adds.
///
/// `dropped_events` keeps it, so it must not change.
pub(crate) fn digest(rows: &Rows, row: &Row) -> i64 {
    let context = rows.context(row);
    let detail = rows.detail(row);
    let mut hash = Hash(Xxh3::new());
    hash.text(Some(row.event_type().name().as_bytes()));
    hash.number(Some(rows.midnight() + row.time_of_day()));
    for word in [
        context.session,
        context.profile,
        context.country,
        context.device_type,
        context.device_os,
        context.app_version,
        detail.query,
        detail.extra,
    ] {
        hash.text(rows.words.optional(word));
    }
    hash.text(rows.titles.optional(row.title));
    hash.number(row.position_ms());
    hash.number(detail.from_position_ms);
    hash.number(detail.results.map(i64::from));
    hash.number(detail.row_index.map(i64::from));
    hash.number(detail.rating.map(|rating| i64::from(rating.to_bits())));
    hash.0.digest() as i64
}

struct Hash(Xxh3);

impl Hash {
    /// A length goes before each, so that no two lists of values are the same
    /// bytes.
    fn text(&mut self, text: Option<&[u8]>) {
        self.number(text.map(|text| text.len() as i64));
        self.0.update(text.unwrap_or_default());
    }

    fn number(&mut self, number: Option<i64>) {
        self.0.update(&[u8::from(number.is_some())]);
        self.0.update(&number.unwrap_or_default().to_le_bytes());
    }
}
