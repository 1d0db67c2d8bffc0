//! The curated tables: those of compaction and the marts.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use marquee_sql::{Mart, Partition};
use marquee_tables::curated;

use crate::MartsError;
use crate::output;
use crate::statement;
use crate::table::PartitionColumns;

/// A table's name and schema.
type Table = (&'static str, fn() -> SchemaRef);

/// The curated tables that are not marts; every date has them.
pub(crate) const COMPACTED: [Table; 5] = [
    ("events", curated::events),
    ("dropped_events", curated::dropped_events),
    ("fact_session", curated::fact_session),
    ("fact_view", curated::fact_view),
    ("audit", curated::audit),
];

/// Returns the partition columns of a mart.
pub(crate) fn partition_columns(mart: &Mart) -> PartitionColumns {
    match mart.partition {
        Partition::EventDate => PartitionColumns::EventDate,
        Partition::None => PartitionColumns::None,
    }
}

/// Derives the schema of a mart's files from its SQL; `context` must have the tables
/// that the mart reads.
pub(crate) async fn schema_of(
    mart: &Mart,
    context: &SessionContext,
) -> Result<SchemaRef, MartsError> {
    // The schema does not depend on the date.
    let sql = mart.sql_for("2000-01-01");
    let columns = match statement::plan(&context.state(), &sql).await {
        Ok(plan) => output::storable(plan.schema().as_arrow()),
        Err(error) => Err(error),
    };
    columns.map_err(|error| error.in_mart(&mart.name))
}

#[cfg(test)]
mod tests {
    use marquee_sql::RESERVED_NAMES;

    use super::*;

    #[test]
    fn the_names_of_other_tables_are_reserved() {
        for (name, _) in COMPACTED {
            assert!(RESERVED_NAMES.contains(&name), "{name}");
        }
        assert!(RESERVED_NAMES.contains(&crate::engine::AUDIT_BOOKS));
    }
}
