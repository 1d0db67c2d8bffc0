//! The catalog of tables as query engines see it: a projection of the generations.
//!
//! Updates are monotonic: a newer generation never gives way to an older one, whatever
//! the order in which runs bring a [`TableCatalog`] forward. [`projections`] says what a
//! generation has of each table; [`EmbeddedTableCatalog`] keeps it in the lake itself,
//! Glue's adapter is in `marquee-aws`.

mod column;
mod embedded;
mod error;
mod port;
mod projections;

pub use column::{Column, evolve};
pub use embedded::{EmbeddedTableCatalog, Shown};
pub use error::{ProjectionError, TableCatalogError};
pub use port::{Projection, TableCatalog, Version};
pub use projections::projections;
