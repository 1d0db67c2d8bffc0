//! The transform: writes the raw, quarantine and processed objects of a batch of Kinesis
//! records, and its receipt.
//!
//! [`batch`] is the transform itself: a pure function from records, title catalog and
//! settings to the bytes of the files. [`handler`] connects it to a stream and an object
//! store. It writes the receipt last.

pub mod batch;
pub mod handler;
pub mod processed;
pub mod quarantine;
pub mod raw;
pub mod titles;

pub use batch::{TransformSettings, Transformed, Transformer};
pub use handler::{BatchReport, BatchResponse, HandlerError, Transform};
