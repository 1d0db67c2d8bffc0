//! The layout of the lake, and the ledger that commits its objects.
//!
//! - [`zone`] names the zones and the keys of their objects.
//! - [`receipt`] commits a batch: a batch's objects count once its receipt exists.
//! - [`generation`] commits a date: its curated files count once the generation exists.
//! - [`title_catalog`] has the versions of the table of titles, and the pointer to the
//!   current one.
//! - [`staging`] has the documents that the steps of a date hand over to each other, and
//!   [`step`] what all steps share, such as the kinds of errors.
//! - [`rows`] reads Parquet objects, and [`unit`] identifies their rows.
//!
//! Everything works over any [`object_store::ObjectStore`]: a directory, memory, S3.

pub mod digest;
pub mod document;
pub mod error;
pub mod generation;
pub mod receipt;
pub mod rows;
pub mod staging;
pub mod step;
pub mod title_catalog;
pub mod unit;
pub mod zone;

pub use error::LakeError;
