//! The selection of dates that a plan is about.

use marquee_event::Date;

use crate::error::CurationError;

/// The dates that a plan looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// Those that are due.
    #[default]
    Due,
    /// Those of a span that are due, of which there may be none. What comes after
    /// it, and has no generation yet, does not count as newer.
    DueWithin {
        /// The first, or from the beginning.
        from: Option<Date>,
        /// The last.
        to: Date,
    },
    /// Those of a span that are due, or that were made with other SQL or
    /// another catalogue than today's.
    Within {
        /// The first.
        from: Date,
        /// The last.
        to: Date,
    },
    /// Those of a span, from nothing but the processed zone.
    Anew {
        /// The first.
        from: Date,
        /// The last.
        to: Date,
    },
}

impl Selection {
    pub(super) fn has(&self, date: Date) -> bool {
        match self {
            Self::Due => true,
            Self::DueWithin { from, to } => from.is_none_or(|from| from <= date) && date <= *to,
            Self::Within { from, to } | Self::Anew { from, to } => (*from..=*to).contains(&date),
        }
    }

    /// Whether it looks as far as that date.
    pub(super) fn reaches(&self, date: Date) -> bool {
        match self {
            Self::DueWithin { to, .. } => date <= *to,
            _ => true,
        }
    }

    /// Fails where dates are asked for of which the lake has none.
    pub(super) fn must_have_one_of(
        &self,
        dates: impl Iterator<Item = Date> + Clone,
    ) -> Result<(), CurationError> {
        let (Self::Within { from, to } | Self::Anew { from, to }) = self else {
            return Ok(());
        };
        if dates.clone().any(|date| self.has(date)) {
            return Ok(());
        }
        let asked = match from == to {
            true => from.to_string(),
            false => format!("{from} to {to}"),
        };
        let there = match (dates.clone().min(), dates.max()) {
            (Some(first), Some(last)) => format!("; it has events of {first} to {last}"),
            _ => "; it has none at all".to_owned(),
        };
        Err(CurationError::NoEvents { asked, there })
    }
}
