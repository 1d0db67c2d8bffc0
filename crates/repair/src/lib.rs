//! Repair of a lake.
//!
//! - [`replay()`] runs quarantined units through the current transform.
//! - [`rebuild()`] restores missing and damaged processed and quarantine objects from raw.
//!
//! Both are idempotent: a second call finds nothing to do.

mod error;
pub mod rebuild;
pub mod replay;

pub use error::RepairError;
pub use rebuild::{RebuildFault, RebuildReport, rebuild};
pub use replay::{ReplayOptions, ReplayReport, replay};
