//! Injected faults of batches.

/// A fault of the next batch with a given name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The session is lost after a number of statements, before the next statement
    /// or the commit.
    LoseSession {
        /// The batch's name.
        name: String,
        /// The number of statements that run.
        after: usize,
    },
    /// The API returns an id but forgets the batch and runs no statement.
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

/// Removes and returns the first fault for a batch with this name.
pub(super) fn take(faults: &mut Vec<Fault>, name: Option<&str>) -> Option<Fault> {
    let name = name.unwrap_or_default();
    let index = faults.iter().position(|fault| name == fault.name())?;
    Some(faults.remove(index))
}
