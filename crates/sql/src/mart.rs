//! A curated table that SQL makes.

use crate::head::{Head, HeadError, days};

/// Whether a table has a partition a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// A directory a date; the date is not in the files.
    EventDate,
    /// The whole table is made anew with each newest date.
    None,
}

/// What a changed past date means for a table that looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// The later dates that looked at it are made anew.
    Dates,
    /// Only the newest date is: the table says how things stand now.
    Latest,
}

/// A file of `sql/marts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mart {
    /// The table.
    pub name: String,
    /// What a row is, in the file's own words.
    pub about: String,
    /// How it is partitioned.
    pub partition: Partition,
    /// How many days before its date it reads.
    pub looks_back: u32,
    /// What a changed past date means for it.
    pub rebuild: Rebuild,
    /// The whole file.
    pub sql: String,
}

/// Tables that are there without SQL: those of the zones, what compaction makes, and
/// the books.
pub const TAKEN: [&str; 9] = [
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

const NAMES: [&str; 3] = ["partition", "looks back", "rebuild"];

impl Mart {
    /// Reads the file `{name}.sql`.
    ///
    /// # Errors
    /// [`HeadError`] when its head says too little, or what cannot be, or a table
    /// of that name is there already.
    pub fn parse(name: &str, text: &str) -> Result<Self, HeadError> {
        let head = Head::new(name, text);
        if TAKEN.contains(&name) {
            let fault = "a table of that name is there without it; it needs another name";
            return Err(head.fault(None, fault.to_owned()));
        }
        let [partition, looks_back, rebuild] = NAMES;
        Ok(Self {
            name: name.to_owned(),
            about: head.words(&NAMES),
            partition: head.needed(partition, "event_date or none", |value| match value {
                "event_date" => Some(Partition::EventDate),
                "none" => Some(Partition::None),
                _ => None,
            })?,
            looks_back: head.needed(looks_back, "a number of days such as `7 days`", days)?,
            rebuild: head.needed(rebuild, "dates or latest", |value| match value {
                "dates" => Some(Rebuild::Dates),
                "latest" => Some(Rebuild::Latest),
                _ => None,
            })?,
            sql: text.to_owned(),
        })
    }

    /// The SQL that makes it for that date, `YYYY-MM-DD`.
    pub fn sql_for(&self, date: &str) -> String {
        crate::for_date(&self.sql, date)
    }

    /// Returns what the table is made by: its code and settings, without its comments.
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
        format!("{name}\0{partition}\0{looks_back}\0{rebuild}\0{code}")
    }

    /// Whether a date that is not the newest has it.
    pub fn is_for_every_date(&self) -> bool {
        self.rebuild == Rebuild::Dates && self.partition == Partition::EventDate
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = "-- A row a title: how often\n-- it was played.\n-- partition: event_date\n\
                        -- looks back: 7 days\n-- rebuild: dates\nSELECT {date} AS d -- rebuild: x\n";

    #[test]
    fn a_head_is_read() {
        let mart = Mart::parse("plays", FILE).unwrap();
        assert_eq!(mart.about, "A row a title: how often it was played.");
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
        let reworded = FILE.replace("how often\n", "how often it\n");
        assert_eq!(of(&reworded.replace("rebuild: x", "why")), of(FILE));
        for (old, new) in [
            ("7 days", "8 days"),
            ("rebuild: dates", "rebuild: latest"),
            ("AS d", "AS e"),
            ("partition: event_date", "partition: none"),
        ] {
            assert_ne!(of(&FILE.replace(old, new)), of(FILE), "{old}");
        }
    }

    #[test]
    fn a_head_that_cannot_be_is_named() {
        let fault = |text: &str| Mart::parse("plays", text).unwrap_err().to_string();
        assert_eq!(
            fault(&FILE.replace("7 days", "a week")),
            "plays.sql, line 4: `looks back` is \"a week\", but must be a number of days such as `7 days`"
        );
        assert_eq!(
            fault(&FILE.replace("-- partition: event_date\n", "")),
            "plays.sql: its head must have a line `-- partition: …`, event_date or none"
        );
        assert_eq!(
            fault(&FILE.replace("looks back: 7 days", "rebuild: dates")),
            "plays.sql: its head must have a line `-- looks back: …`, a number of days such as `7 days`"
        );
        assert_eq!(
            Mart::parse("events", FILE).unwrap_err().to_string(),
            "events.sql: a table of that name is there without it; it needs another name"
        );
    }
}
