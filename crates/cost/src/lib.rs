//! An estimate of the monthly cost of Marquee on AWS, by component and per million
//! events.
//!
//! ```text
//! Workload ─▶ records ─▶ stream, transform ─▶ daily pipeline ─▶ storage ─▶ Estimate
//! ```
//!
//! - [`prices`] has AWS's prices, [`measured`] the measurements and the assumptions. All
//!   figures from outside the model are in these two modules.
//! - [`Workload`] is the input. [`Records`] describes the records in the stream, whose
//!   number and size decide most of the bill.
//! - [`Estimate`] is the result: one line per billed item, with its quantity and price.
//!
//! The estimate does not subtract free tiers. It is deterministic.

pub mod measured;
pub mod prices;

mod daily;
mod estimate;
mod monitoring;
mod records;
mod storage;
mod stream;
mod table;
mod transform;
mod workload;

pub use estimate::{Estimate, Group, Line};
pub use records::Records;
pub use table::{by_component, by_rate, by_setting, prices_table};
pub use workload::{BadWorkload, Environment, Mode, Packing, Retention, Workload};
