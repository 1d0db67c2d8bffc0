//! Marts: curated tables defined in SQL.

use crate::head::{Head, HeadError, days};

/// The partitioning of a mart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// One directory per date; the files have no column with the date.
    EventDate,
    /// No partitions: each new newest date replaces the whole table.
    None,
}

/// The dates of a mart to rebuild after a change of an earlier date that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// All later dates that read the changed date.
    Dates,
    /// Only the newest date: the table describes the present.
    Latest,
}

/// A mart, a file of `sql/marts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mart {
    /// The name of the table.
    pub name: String,
    /// The meaning of a row, from the comments of the head.
    pub about: String,
    /// The partitioning.
    pub partition: Partition,
    /// The number of days before its date that the mart reads.
    pub looks_back: u32,
    /// The dates to rebuild after a change of an earlier date.
    pub rebuild: Rebuild,
    /// The column with the date of a row's facts, if the mart is a state table.
    ///
    /// Each row of a state table depends on the facts of one date. A run therefore carries
    /// the rows of unchanged dates over from the previous state and reads the facts of the
    /// other dates only.
    pub carried_by: Option<String>,
    /// The text of the file.
    pub sql: String,
}

/// Tables that are not defined in SQL: those of the zones, of compaction, and of the
/// audit.
pub const RESERVED_NAMES: [&str; 9] = [
    "raw",
    "processed",
    "quarantine",
    "events",
    "dropped_events",
    "fact_session",
    "fact_view",
    "audit",
    "audit_books",
];

const NAMES: [&str; 4] = ["partition", "looks back", "rebuild", "carried by"];

impl Mart {
    /// Parses the file `{name}.sql`.
    ///
    /// # Errors
    /// Returns [`HeadError`] if a setting of its head is missing or invalid, or if its
    /// name is one of [`RESERVED_NAMES`].
    pub fn parse(name: &str, text: &str) -> Result<Self, HeadError> {
        let head = Head::new(name, text);
        if RESERVED_NAMES.contains(&name) {
            let fault = "another table has this name; rename the file";
            return Err(head.fault(None, fault.to_owned()));
        }
        let [partition, looks_back, rebuild, carried_by] = NAMES;
        let mart = Self {
            name: name.to_owned(),
            about: head.prose(&NAMES),
            partition: head.required(partition, "event_date or none", |value| match value {
                "event_date" => Some(Partition::EventDate),
                "none" => Some(Partition::None),
                _ => None,
            })?,
            looks_back: head.required(looks_back, "a number of days such as `7 days`", days)?,
            rebuild: head.required(rebuild, "dates or latest", |value| match value {
                "dates" => Some(Rebuild::Dates),
                "latest" => Some(Rebuild::Latest),
                _ => None,
            })?,
            carried_by: head.optional(carried_by, "the name of a column", |value| {
                (!value.is_empty()).then(|| value.to_owned())
            })?,
            sql: text.to_owned(),
        };
        if mart.is_state()
            && (mart.rebuild, mart.partition) != (Rebuild::Latest, Partition::EventDate)
        {
            let fault = format!(
                "`{carried_by}` needs `{rebuild}: latest` and `{partition}: event_date`; \
                 only the newest date has a state table"
            );
            return Err(head.fault(None, fault));
        }
        Ok(mart)
    }

    /// Returns the SQL that computes the mart for a date, `YYYY-MM-DD`.
    pub fn sql_for(&self, date: &str) -> String {
        crate::for_date(&self.sql, date)
    }

    /// Returns the mart's code and settings, without its comments.
    pub fn definition(&self) -> String {
        let partition = match self.partition {
            Partition::EventDate => "event_date",
            Partition::None => "none",
        };
        let rebuild = match self.rebuild {
            Rebuild::Dates => "dates",
            Rebuild::Latest => "latest",
        };
        let (name, looks_back, code) = (&self.name, self.looks_back, crate::code(&self.sql));
        let carried_by = self.carried_by.as_deref().unwrap_or_default();
        format!("{name}\0{partition}\0{looks_back}\0{rebuild}\0{carried_by}\0{code}")
    }

    /// Returns `true` for a state table, whose rows are carried over between runs.
    pub fn is_state(&self) -> bool {
        self.carried_by.is_some()
    }

    /// Returns `true` if every date has the mart, not only the newest.
    pub fn is_for_every_date(&self) -> bool {
        self.rebuild == Rebuild::Dates && self.partition == Partition::EventDate
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = "-- Plays, one row\n-- per title: all dates.\n-- partition: event_date\n\
                        -- looks back: 7 days\n-- rebuild: dates\nSELECT {date} AS d -- rebuild: x\n";

    #[test]
    fn a_head_is_read() {
        let mart = Mart::parse("plays", FILE).unwrap();
        assert_eq!(mart.about, "Plays, one row per title: all dates.");
        assert_eq!((mart.looks_back, mart.rebuild), (7, Rebuild::Dates));
        assert_eq!(mart.partition, Partition::EventDate);
        assert!(
            mart.sql_for("2026-03-01")
                .contains("DATE '2026-03-01' AS d")
        );
    }

    #[test]
    fn a_definition_changes_with_settings_and_code_alone() {
        let of = |text: &str| Mart::parse("plays", text).unwrap().definition();
        let reworded = FILE.replace("one row\n", "one line\n");
        assert_ne!(reworded, FILE);
        assert_eq!(of(&reworded.replace("rebuild: x", "why")), of(FILE));
        for (old, new) in [
            ("7 days", "8 days"),
            ("rebuild: dates", "rebuild: latest"),
            ("AS d", "AS e"),
            ("partition: event_date", "partition: none"),
            ("rebuild: dates", "rebuild: latest\n-- carried by: seen_on"),
        ] {
            assert_ne!(of(&FILE.replace(old, new)), of(FILE), "{old}");
        }
    }

    #[test]
    fn the_error_of_an_invalid_head_names_the_line() {
        let fault = |text: &str| Mart::parse("plays", text).unwrap_err().to_string();
        assert_eq!(
            fault(&FILE.replace("7 days", "a week")),
            "plays.sql, line 4: `looks back` is \"a week\" but must be a number of days such as `7 days`"
        );
        assert_eq!(
            fault(&FILE.replace("-- partition: event_date\n", "")),
            "plays.sql: missing setting: add a line `-- partition: …` with event_date or none"
        );
        assert_eq!(
            fault(&FILE.replace("looks back: 7 days", "rebuild: dates")),
            "plays.sql: missing setting: add a line `-- looks back: …` with a number of days such as `7 days`"
        );
        assert_eq!(
            fault(&FILE.replace("-- rebuild", "-- carried by: d\n-- rebuild")),
            "plays.sql: `carried by` needs `rebuild: latest` and `partition: event_date`; only the \
             newest date has a state table"
        );
        assert_eq!(
            Mart::parse("events", FILE).unwrap_err().to_string(),
            "events.sql: another table has this name; rename the file"
        );
    }
}
