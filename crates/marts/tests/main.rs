//! Queries of lakes, and the files of `sql/athena`, in one binary, because every further
//! binary would link DataFusion again.
#![allow(missing_docs)]

mod athena;
#[path = "lake.rs"]
mod lake;
