//! The projection of published dates to the table catalog.

use marquee_lake::generation::{self, Generation};
use marquee_table_catalog::{TableCatalog, projections};
use object_store::ObjectStore;

use crate::error::CurationError;
use crate::plan::Definitions;
use crate::projection_marks as marks;

/// Projects the dates whose table catalog may be stale, because a run ended early or was
/// overtaken. Returns the number of these dates.
///
/// # Errors
/// If the lake cannot be read, or the table catalog cannot be updated.
pub async fn catch_up(
    store: &dyn ObjectStore,
    catalog: &dyn TableCatalog,
    definitions: &Definitions,
) -> Result<usize, CurationError> {
    let stale = marks::stale_dates(store).await?;
    let dates = stale.len();
    for stale in stale {
        let date = stale.current.event_date;
        project_current(store, catalog, definitions, stale.current).await?;
        for generation in stale.unmarked {
            marks::mark(store, date, generation).await?;
        }
    }
    Ok(dates)
}

/// Projects the generation, and then every newer generation of the date that another run has
/// published meanwhile. The last read of the ledger follows the last write to the catalog.
///
/// # Errors
/// As [`catch_up`].
pub async fn project_current(
    store: &dyn ObjectStore,
    catalog: &dyn TableCatalog,
    definitions: &Definitions,
    mut generation: Generation,
) -> Result<(), CurationError> {
    loop {
        project(store, catalog, definitions, &generation).await?;
        match generation::current_of(store, generation.event_date).await? {
            Some(newer) if newer.generation > generation.generation => generation = newer,
            _ => return Ok(()),
        }
    }
}

/// Projects the date's current generation, starting with `generation`, and marks `generation`.
///
/// # Errors
/// As [`catch_up`]. The generation stays published, and the next run projects it.
pub async fn project_and_mark(
    store: &dyn ObjectStore,
    catalog: &dyn TableCatalog,
    definitions: &Definitions,
    generation: &Generation,
) -> Result<(), CurationError> {
    project_current(store, catalog, definitions, generation.clone()).await?;
    marks::mark(store, generation.event_date, generation.generation).await
}

async fn project(
    store: &dyn ObjectStore,
    catalog: &dyn TableCatalog,
    definitions: &Definitions,
    generation: &Generation,
) -> Result<(), CurationError> {
    let undated = |table: &str| definitions.is_undated(table);
    for projection in projections(store, generation, undated).await? {
        catalog
            .advance(&projection)
            .await
            .map_err(|source| CurationError::TableCatalog {
                event_date: generation.event_date,
                source,
            })?;
    }
    Ok(())
}
