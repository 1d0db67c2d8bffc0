//! The transform: a batch of Kinesis records becomes raw, quarantine and
//! processed objects, and a receipt.
//!
//! [`envelope`] reads the event JSON that Lambda delivers. [`batch`] is the
//! transform itself, a pure function of records, catalogue and settings to the
//! files' bytes. [`handler`] puts the two between a stream and an object store:
//! write, then mark.

pub mod batch;
pub mod envelope;
pub mod handler;
pub mod processed;
pub mod quarantine;
pub mod raw;
pub mod titles;

pub use batch::{TransformSettings, Transformed, Transformer};
pub use handler::{BatchReport, BatchResponse, HandlerError, Transform};
