//! What a month of Marquee costs on AWS, by component and per million events.
//!
//! ```text
//! Workload ─▶ records ─▶ stream, transform ─▶ the day ─▶ what is kept ─▶ Estimate
//! ```
//!
//! - [`prices`] is what AWS asks, [`measured`] what was measured, and what is
//!   taken for granted where nothing was. Nothing else here is a number of the
//!   world's.
//! - [`Workload`] is what is asked about; [`Records`] is what becomes of events in
//!   the stream, which decides most of the bill.
//! - [`Estimate`] is the answer: a line a thing that is paid for, each with how
//!   much of it there is and what one costs.
//!
//! Free tiers are not taken off. No clock, no I/O: the same question has the same
//! answer.

pub mod measured;
pub mod prices;

mod daily;
mod estimate;
mod kept;
mod records;
mod stream;
mod table;
mod transform;
mod watching;
mod workload;

pub use estimate::{Estimate, Group, Line};
pub use records::Records;
pub use table::{by_component, by_rate, by_setting, prices_table};
pub use workload::{BadWorkload, Kept, Mode, Packing, Workload};
