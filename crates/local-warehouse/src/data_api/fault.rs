//! What may go wrong on purpose.

/// What happens to a batch of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its session is lost after so many statements, before the next one or the
    /// commit.
    LoseSession {
        /// The batch's name.
        name: String,
        /// How many statements are run.
        after: usize,
    },
    /// Its id is given out, but nothing is run and nobody remembers it.
    Forget {
        /// The batch's name.
        name: String,
    },
}

impl Fault {
    fn name(&self) -> &str {
        match self {
            Self::LoseSession { name, .. } | Self::Forget { name } => name,
        }
    }
}

/// The first fault that concerns a batch of that name; it is met once.
pub(super) fn take(faults: &mut Vec<Fault>, name: Option<&str>) -> Option<Fault> {
    let name = name.unwrap_or_default();
    let place = faults.iter().position(|fault| name == fault.name())?;
    Some(faults.remove(place))
}
