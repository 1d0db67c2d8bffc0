//! Whether every event is accounted for.

use serde::Serialize;

use super::flow::Flow;
use super::ledger::Ledger;
use super::survey::Survey;

/// Every count of the same events, and where two of them differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Books {
    /// Events that the producer numbered.
    pub(super) sent: u64,
    /// Events in the records that the stream took.
    pub(super) in_stream: u64,
    /// Units that the transform took from records, by its receipts.
    pub(super) received: u64,
    /// Of these, events.
    pub(super) processed: u64,
    /// Of these, refused.
    pub(super) quarantined: u64,
    /// Rows found in the raw zone's objects.
    pub(super) raw_rows: u64,
    /// Rows found in the processed zone's.
    pub(super) processed_rows: u64,
    /// Rows found in the quarantine's.
    pub(super) quarantine_rows: u64,
    /// Numbers of the producer that are nowhere in the lake.
    pub(super) numbers_missing: u64,
    /// Refused units too broken to carry a number, which excuse as many.
    pub(super) unnumbered: u64,
    /// Objects that the receipts name.
    pub(super) objects: u64,
    /// What does not add up, a sentence each; none when the books balance.
    pub(super) faults: Vec<String>,
}

impl Books {
    /// Holds what was sent against what the receipts say and what was found.
    pub(super) fn of(flow: &Flow, ledger: &Ledger, survey: &Survey) -> Self {
        let roll_call = &survey.roll_call;
        let mut books = Self {
            sent: flow.produced.given,
            in_stream: flow.produced.put,
            received: ledger.received,
            processed: ledger.processed,
            quarantined: ledger.quarantined,
            raw_rows: survey.raw,
            processed_rows: survey.events,
            quarantine_rows: survey.refused,
            numbers_missing: roll_call.missing(),
            unnumbered: roll_call.unnumbered(),
            objects: ledger.raw.files + ledger.quarantine.files + ledger.processed_zone.files,
            faults: Vec::new(),
        };
        books.must_be_equal([
            ("sent", books.sent, "in the stream", books.in_stream),
            ("in the stream", books.in_stream, "received", books.received),
            (
                "received",
                books.received,
                "in the raw zone",
                books.raw_rows,
            ),
            (
                "processed",
                books.processed,
                "in the processed zone",
                books.processed_rows,
            ),
            (
                "quarantined",
                books.quarantined,
                "in quarantine",
                books.quarantine_rows,
            ),
            (
                "received",
                ledger.received,
                "in the raw objects by their receipts",
                ledger.raw.rows,
            ),
            (
                "numbers missing",
                books.numbers_missing,
                "units without one",
                books.unnumbered,
            ),
        ]);
        books.must_be_none("record", "given up", flow.totals.given_up_records);
        books.must_be_none("number", "met twice or never given", roll_call.wrong());
        books.must_be_empty("receipt", "does not add up", &ledger.unbalanced);
        books.must_be_empty("object", "is missing or of another size", &ledger.missing);
        books
    }

    /// Whether every event is accounted for.
    pub(super) fn balanced(&self) -> bool {
        self.faults.is_empty()
    }

    fn must_be_equal<const N: usize>(&mut self, pairs: [(&str, u64, &str, u64); N]) {
        for (one, this, other, that) in pairs {
            if this != that {
                self.faults
                    .push(format!("{this} {one}, but {that} {other}"));
            }
        }
    }

    fn must_be_none(&mut self, what: &str, fault: &str, number: u64) {
        if number > 0 {
            self.faults.push(format!("{what}s {fault}: {number}"));
        }
    }

    fn must_be_empty(&mut self, what: &str, fault: &str, found: &[String]) {
        if let Some(first) = found.first() {
            let more = match found.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            self.faults.push(format!("{what} {first} {fault}{more}"));
        }
    }
}
