//! On which dates the records of a batch arrived.

use std::iter;

use marquee_event::{Date, parse_rfc3339};
use marquee_lake::receipt::Receipt;

/// How far the arrivals of a batch may lie outside those of its first and its
/// last record. Only for receipts from before they named dates.
const SKEW_US: i64 = 300_000_000;

/// The dates that records of the receipt arrived on. A receipt that names none
/// says when the first and the last did: then those that they may have arrived
/// on.
pub(crate) fn dates(receipt: &Receipt) -> Vec<Date> {
    if !receipt.arrival_dates.is_empty() {
        let named = receipt.arrival_dates.keys();
        return named.filter_map(|date| date.parse().ok()).collect();
    }
    let ends = (
        parse_rfc3339(&receipt.first_arrived_at),
        parse_rfc3339(&receipt.last_arrived_at),
    );
    let (Some(first), Some(last)) = ends else {
        return receipt.ingest_date.parse().into_iter().collect();
    };
    let from = Date::of(first.min(last).saturating_sub(SKEW_US));
    let to = Date::of(first.max(last).saturating_add(SKEW_US));
    let days = iter::successors(Some(from), |date| Some(date.after(1)));
    days.take_while(|date| *date <= to).collect()
}

/// How many records of the receipt arrived on the date; `None` when it does not
/// say.
pub(crate) fn records_on(receipt: &Receipt, date: Date) -> Option<u64> {
    let dates = &receipt.arrival_dates;
    (!dates.is_empty()).then(|| dates.get(&date.to_string()).copied().unwrap_or(0))
}
