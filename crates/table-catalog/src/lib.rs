//! The table catalog, from which query engines learn tables and partitions.
//!
//! A table catalog is a projection of the published generations. Updates are monotonic: an
//! older generation never replaces a newer one, regardless of the order in which runs call
//! [`TableCatalog::advance`]. [`projections`] lists a generation's tables in the catalog's
//! terms. [`EmbeddedTableCatalog`] stores its entries in the lake itself; the adapter for
//! Glue is in `marquee-aws`.

mod column;
mod embedded;
mod error;
mod port;
mod projections;

pub use column::{Column, evolve};
pub use embedded::{EmbeddedTableCatalog, TableCatalogEntry};
pub use error::{ProjectionError, TableCatalogError};
pub use port::{Projection, ProjectionVersion, TableCatalog};
pub use projections::projections;
