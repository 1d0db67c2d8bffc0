//! Whether every event is accounted for.

use marquee_console::format_error;
use serde::Serialize;

use super::curation::Curation;
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
    /// Events in the curated zone.
    pub(super) curated: u64,
    /// Events that curation dropped, as another with the same id was first.
    pub(super) duplicates: u64,
    /// Rows whose identity had come before.
    pub(super) redelivered: u64,
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
    /// Holds what was sent against what the receipts say and, if the lake could
    /// be asked, what was found there.
    pub(super) fn of(
        flow: &Flow,
        ledger: &Ledger,
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
        books.must_be_equal("sent", books.sent, "in the stream", books.in_stream);
        books.must_be_equal("in the stream", books.in_stream, "received", books.received);
        books.must_be_none("record", "given up", flow.totals.dead_letter_records);
        books.must_be_empty("receipt", "does not add up", &ledger.unbalanced);
        books.must_be_empty("object", "is missing or of another size", &ledger.missing);
        match survey {
            Ok(survey) => books.count(survey),
            Err(error) => books.faults.push(format!(
                "the lake could not be asked: {}",
                format_error(error)
            )),
        }
        match (curation, survey) {
            (Ok(curation), Ok(survey)) => books.close(curation, survey),
            (Err(error), _) => books.faults.push(format!(
                "the days could not be made: {}",
                format_error(error)
            )),
            (Ok(_), Err(_)) => {}
        }
        books
    }

    /// Holds what the receipts say against what was found.
    fn count(&mut self, survey: &Survey) {
        let roll_call = &survey.roll_call;
        self.raw_rows = survey.raw;
        self.processed_rows = survey.events;
        self.quarantine_rows = survey.refused;
        self.numbers_missing = roll_call.missing();
        self.unnumbered = roll_call.unnumbered();
        for (receipted, sum, found, rows) in [
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
                "numbers of the producer missing",
                self.numbers_missing,
                "units too broken to carry one",
                self.unnumbered,
            ),
        ] {
            self.must_be_equal(receipted, sum, found, rows);
        }
        self.must_be_none("number", "met twice or never given", roll_call.wrong());
    }

    /// Holds what was curated against what was found before.
    fn close(&mut self, curation: &Curation, survey: &Survey) {
        self.curated = curation.curated_events();
        self.duplicates = curation.duplicates();
        self.redelivered = curation.redelivered();
        let accounted = self.curated + self.duplicates + self.redelivered;
        self.must_be_equal(
            "curated, dropped or redelivered",
            accounted,
            "processed",
            self.processed,
        );
        self.must_be_equal(
            "dropped or redelivered",
            self.duplicates + self.redelivered,
            "whose id another one had before",
            survey.duplicates,
        );
        for day in &curation.days {
            for problem in &day.audit.problems {
                self.faults.push(format!("{}: {problem}", day.event_date));
            }
        }
    }

    /// Whether every event is accounted for.
    pub(super) fn balanced(&self) -> bool {
        self.faults.is_empty()
    }

    fn must_be_equal(&mut self, one: &str, this: u64, other: &str, that: u64) {
        if this != that {
            self.faults
                .push(format!("{this} {one}, but {that} {other}"));
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
