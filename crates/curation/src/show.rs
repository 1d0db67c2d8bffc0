//! Showing engines what is published.

use marquee_lake::generation::{self, Generation};
use marquee_table_catalog::{TableCatalog, projections};
use object_store::ObjectStore;

use crate::error::CurationError;
use crate::plan::Definitions;
use crate::projected;

/// Shows engines what was published by runs that broke off, or may have been
/// overtaken while they did. How many dates that were.
///
/// # Errors
/// When the lake cannot be read, or the catalogue not be brought forward.
pub async fn catch_up(
    store: &dyn ObjectStore,
    catalog: &dyn TableCatalog,
    definitions: &Definitions,
) -> Result<usize, CurationError> {
    let behind = projected::behind(store).await?;
    let dates = behind.len();
    for behind in behind {
        let date = behind.current.event_date;
        show(store, catalog, definitions, behind.current).await?;
        for generation in behind.unmarked {
            projected::mark(store, date, generation).await?;
        }
    }
    Ok(dates)
}

/// Shows engines the generation, and what was published of its date meanwhile:
/// the last look comes after the last write.
///
/// # Errors
/// As [`catch_up`].
pub async fn show(
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

/// Shows engines the generation, and marks that it is done.
///
/// # Errors
/// As [`catch_up`]. The generation stays published, and is shown by the next run.
pub async fn show_and_mark(
    store: &dyn ObjectStore,
    catalog: &dyn TableCatalog,
    definitions: &Definitions,
    generation: &Generation,
) -> Result<(), CurationError> {
    show(store, catalog, definitions, generation.clone()).await?;
    projected::mark(store, generation.event_date, generation.generation).await
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
