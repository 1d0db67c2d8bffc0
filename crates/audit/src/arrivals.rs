//! The dates on which the records of a batch arrived.

use std::iter;

use marquee_event::{Date, parse_rfc3339};
use marquee_lake::receipt::Receipt;

use crate::error::AuditError;

/// The tolerance in microseconds around the arrivals of a batch's first and last record, for
/// receipts without arrival dates.
const SKEW_US: i64 = 300_000_000;

/// Returns the dates on which records of the receipt arrived. Receipts of older versions have
/// no arrival dates: for them, returns all dates between the first and the last arrival.
///
/// # Errors
/// [`AuditError::Receipt`] if a time cannot be parsed.
pub(crate) fn dates(receipt: &Receipt) -> Result<Vec<Date>, AuditError> {
    if !receipt.arrival_dates.is_empty() {
        return Ok(receipt.arrival_dates.keys().copied().collect());
    }
    let first = parse_time(receipt, "first_arrived_at", &receipt.first_arrived_at)?;
    let last = parse_time(receipt, "last_arrived_at", &receipt.last_arrived_at)?;
    let from = Date::of(first.min(last).saturating_sub(SKEW_US));
    let to = Date::of(first.max(last).saturating_add(SKEW_US));
    let days = iter::successors(Some(from), |date| Some(date.after(1)));
    Ok(days.take_while(|date| *date <= to).collect())
}

/// Returns the date on which the newest record of the receipt arrived.
///
/// # Errors
/// [`AuditError::Receipt`] if the time cannot be parsed.
pub(crate) fn newest_date(receipt: &Receipt) -> Result<Date, AuditError> {
    match receipt.arrival_dates.last_key_value() {
        Some((date, _)) => Ok(*date),
        None => {
            let last = parse_time(receipt, "last_arrived_at", &receipt.last_arrived_at)?;
            Ok(Date::of(last))
        }
    }
}

fn parse_time(receipt: &Receipt, field: &'static str, time: &str) -> Result<i64, AuditError> {
    parse_rfc3339(time).ok_or_else(|| AuditError::Receipt {
        receipt: receipt.key(),
        field,
        found: time.to_owned(),
    })
}

/// Returns the number of the receipt's records that arrived on the date; `None` if the receipt
/// has no arrival dates.
pub(crate) fn records_on(receipt: &Receipt, date: Date) -> Option<u64> {
    let dates = &receipt.arrival_dates;
    (!dates.is_empty()).then(|| dates.get(&date).copied().unwrap_or(0))
}
