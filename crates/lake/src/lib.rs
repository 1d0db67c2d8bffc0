//! Where data lies in the lake, and what proves that it is there.
//!
//! [`zone`] names the zones and the keys of their objects; [`receipt`] is the
//! one small object that makes a batch's other objects exist; [`catalogue`] is
//! the table of titles and the pointer to its current version; [`generation`] is
//! the one that makes a date's curated files exist; [`staging`] is what the steps of a
//! date leave for each other, and [`step`] what they have in common. All of it works
//! over any [`object_store::ObjectStore`]: a directory, memory, S3.

pub mod catalogue;
pub mod digest;
pub mod document;
pub mod error;
pub mod generation;
pub mod receipt;
pub mod rows;
pub mod staging;
pub mod step;
pub mod unit;

pub mod zone;

pub use error::LakeError;
