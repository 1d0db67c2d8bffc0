//! Compares all counts of the demo's events.

use marquee_console::format_error;
use serde::Serialize;

use super::curation::Curation;
use super::flow::Flow;
use super::ledger::LedgerTotals;
use super::survey::Survey;

/// All counts of the same events, and the differences between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct DemoBooks {
    /// Events that the producer numbered.
    pub(super) sent: u64,
    /// Events in the records that the stream accepted.
    pub(super) in_stream: u64,
    /// Units that the transform received, by its receipts.
    pub(super) received: u64,
    /// Received units that are events.
    pub(super) processed: u64,
    /// Received units that were rejected.
    pub(super) quarantined: u64,
    /// Rows in the objects of the raw zone.
    pub(super) raw_rows: u64,
    /// Rows in the objects of the processed zone.
    pub(super) processed_rows: u64,
    /// Rows in the objects of the quarantine zone.
    pub(super) quarantine_rows: u64,
    /// Events in the curated zone.
    pub(super) curated: u64,
    /// Duplicates that curation dropped: events with the id of an earlier event.
    pub(super) duplicates: u64,
    /// Redelivered rows: rows with the identity of an earlier row.
    pub(super) redelivered: u64,
    /// Producer numbers that are missing in the lake.
    pub(super) numbers_missing: u64,
    /// Rejected units without a readable number. Each can explain a missing number of a
    /// producer of its record.
    pub(super) unnumbered: u64,
    /// Objects that the receipts list.
    pub(super) objects: u64,
    /// The differences, one sentence each. Empty if all events are accounted for.
    pub(super) faults: Vec<String>,
}

impl DemoBooks {
    /// Compares the producer's count with the receipts and, if the lake could be
    /// read, with its objects.
    pub(super) fn compare(
        flow: &Flow,
        ledger: &LedgerTotals,
        survey: Result<&Survey, &anyhow::Error>,
        curation: Result<&Curation, &anyhow::Error>,
    ) -> Self {
        let mut books = Self {
            sent: flow.produced.given,
            in_stream: flow.produced.put,
            received: ledger.received,
            processed: ledger.processed,
            quarantined: ledger.quarantined,
            objects: ledger.raw.files + ledger.quarantine.files + ledger.processed_zone.files,
            ..Self::default()
        };
        books.require_equal("sent", books.sent, "in the stream", books.in_stream);
        books.require_equal("in the stream", books.in_stream, "received", books.received);
        books.require_zero("records in dead letters", flow.totals.dead_letter_records);
        books.require_empty("receipt", "does not add up", &ledger.unbalanced);
        books.require_empty("object", "is missing or has another size", &ledger.missing);
        match survey {
            Ok(survey) => books.compare_objects(survey),
            Err(error) => books
                .faults
                .push(format!("cannot query the lake: {}", format_error(error))),
        }
        match (curation, survey) {
            (Ok(curation), Ok(survey)) => books.compare_curation(curation, survey),
            (Err(error), _) => books
                .faults
                .push(format!("cannot curate the dates: {}", format_error(error))),
            (Ok(_), Err(_)) => {}
        }
        books
    }

    /// Compares the receipts with the objects.
    fn compare_objects(&mut self, survey: &Survey) {
        let gaps = &survey.producer_gaps;
        self.raw_rows = survey.raw;
        self.processed_rows = survey.events;
        self.quarantine_rows = survey.rejected;
        self.numbers_missing = gaps.missing();
        self.unnumbered = gaps.unnumbered();
        for (counted, count, found, rows) in [
            ("received", self.received, "in the raw zone", self.raw_rows),
            (
                "processed",
                self.processed,
                "in the processed zone",
                self.processed_rows,
            ),
            (
                "quarantined",
                self.quarantined,
                "in quarantine",
                self.quarantine_rows,
            ),
            (
                "missing producer numbers",
                self.numbers_missing,
                "units without a readable number",
                self.unnumbered,
            ),
        ] {
            self.require_equal(counted, count, found, rows);
        }
        self.require_zero("repeated or unknown producer numbers", gaps.wrong());
    }

    /// Compares the curated events with the processed ones.
    fn compare_curation(&mut self, curation: &Curation, survey: &Survey) {
        self.curated = curation.curated_events();
        self.duplicates = curation.duplicates();
        self.redelivered = curation.redelivered();
        let accounted = self.curated + self.duplicates + self.redelivered;
        self.require_equal(
            "curated, dropped or redelivered",
            accounted,
            "processed",
            self.processed,
        );
        self.require_equal(
            "dropped or redelivered",
            self.duplicates + self.redelivered,
            "with the id of an earlier event",
            survey.duplicates,
        );
        for day in &curation.days {
            for problem in &day.audit.problems {
                self.faults.push(format!("{}: {problem}", day.event_date));
            }
        }
    }

    /// Returns true if all events are accounted for.
    pub(super) fn balanced(&self) -> bool {
        self.faults.is_empty()
    }

    fn require_equal(&mut self, left: &str, left_count: u64, right: &str, right_count: u64) {
        if left_count != right_count {
            self.faults
                .push(format!("{left_count} {left}, but {right_count} {right}"));
        }
    }

    fn require_zero(&mut self, label: &str, number: u64) {
        if number > 0 {
            self.faults.push(format!("{label}: {number}"));
        }
    }

    fn require_empty(&mut self, noun: &str, fault: &str, found: &[String]) {
        if let Some(first) = found.first() {
            let more = match found.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            self.faults.push(format!("{noun} {first} {fault}{more}"));
        }
    }
}
