//! The parameters of partitions and unpartitioned tables that store their version.

use std::collections::HashMap;

use marquee_table_catalog::{Projection, ProjectionVersion};

/// The generation of a partition.
const GENERATION: &str = "marquee.generation";
/// The date and the generation of an unpartitioned table.
const VERSION: &str = "marquee.version";
const DIRECTORY: &str = "marquee.directory";
const ROWS: &str = "marquee.rows";

/// Returns the parameters that store the projection's version.
pub(super) fn of_projection(projection: &Projection) -> HashMap<String, String> {
    let Projection {
        event_date,
        version,
        directory,
        rows,
        ..
    } = projection;
    let (key, version) = match event_date {
        Some(_) => (GENERATION, version.generation.to_string()),
        None => (
            VERSION,
            format!("{}/{}", version.event_date, version.generation),
        ),
    };
    HashMap::from([
        (key.to_owned(), version),
        (DIRECTORY.to_owned(), directory.clone()),
        (ROWS.to_owned(), rows.to_string()),
    ])
}

/// Returns true if the parameters name the projection's version or a newer one.
/// Parameters without a readable version are older than every projection.
pub(super) fn is_current(
    parameters: Option<&HashMap<String, String>>,
    projection: &Projection,
) -> bool {
    let read = |key| parameters.and_then(|parameters| parameters.get(key));
    let shown = match &projection.event_date {
        Some(_) => read(GENERATION).and_then(|generation| {
            Some(ProjectionVersion {
                event_date: projection.version.event_date,
                generation: generation.parse().ok()?,
            })
        }),
        None => read(VERSION).and_then(|version| {
            let (event_date, generation) = version.split_once('/')?;
            Some(ProjectionVersion {
                event_date: event_date.parse().ok()?,
                generation: generation.parse().ok()?,
            })
        }),
    };
    shown.is_some_and(|shown| shown >= projection.version)
}
