//! The selection of the dates that a plan considers.

use marquee_event::Date;

use crate::error::CurationError;

/// The dates that a plan considers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// All due dates.
    #[default]
    Due,
    /// The due dates of a range; there may be none. A date after the range without a
    /// generation does not count as the newest date.
    DueWithin {
        /// The first date; `None` for no lower bound.
        from: Option<Date>,
        /// The last date.
        to: Date,
    },
    /// The dates of a range that are due, or whose generation was made with other SQL or
    /// another version of the title catalog.
    Within {
        /// The first date.
        from: Date,
        /// The last date.
        to: Date,
    },
    /// All dates of a range, from scratch: from the processed zone alone.
    FromScratch {
        /// The first date.
        from: Date,
        /// The last date.
        to: Date,
    },
}

impl Selection {
    /// Returns whether the date is in the selected range.
    pub(super) fn has(&self, date: Date) -> bool {
        match self {
            Self::Due => true,
            Self::DueWithin { from, to } => from.is_none_or(|from| from <= date) && date <= *to,
            Self::Within { from, to } | Self::FromScratch { from, to } => {
                (*from..=*to).contains(&date)
            }
        }
    }

    /// Returns whether a date without a generation can be the newest date.
    pub(super) fn reaches(&self, date: Date) -> bool {
        match self {
            Self::DueWithin { to, .. } => date <= *to,
            _ => true,
        }
    }

    /// Checks that a requested range has at least one of `dates`, the dates with events.
    ///
    /// # Errors
    /// [`CurationError::NoEvents`] if it has none.
    pub(super) fn require_events(
        &self,
        dates: impl Iterator<Item = Date> + Clone,
    ) -> Result<(), CurationError> {
        let (Self::Within { from, to } | Self::FromScratch { from, to }) = self else {
            return Ok(());
        };
        if dates.clone().any(|date| self.has(date)) {
            return Ok(());
        }
        let selected = match from == to {
            true => from.to_string(),
            false => format!("{from} to {to}"),
        };
        let available = match (dates.clone().min(), dates.max()) {
            (Some(first), Some(last)) => format!("; it has events of {first} to {last}"),
            _ => "; it has no events".to_owned(),
        };
        Err(CurationError::NoEvents {
            selected,
            available,
        })
    }
}
