//! Repair of a lake: [`replay()`] runs quarantined units through today's transform,
//! [`rebuild()`] makes lost processed and quarantine objects from raw.

mod error;
pub mod rebuild;
pub mod replay;

pub use error::RepairError;
pub use rebuild::{RebuildFault, RebuildReport, rebuild};
pub use replay::{ReplayOptions, ReplayReport, replay};
