//! The curated tables, by name: what compaction makes and what SQL makes.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use marquee_sql::{Mart, Partition};
use marquee_tables::curated;

use crate::MartsError;
use crate::output;
use crate::statement;
use crate::table::Partitions;

/// A table's name and its columns.
type Table = (&'static str, fn() -> SchemaRef);

/// What every date has without SQL.
pub(crate) const COMPACTED: [Table; 5] = [
    ("events", curated::events),
    ("dropped_events", curated::dropped_events),
    ("fact_session", curated::fact_session),
    ("fact_view", curated::fact_view),
    ("audit", curated::audit),
];

/// How a mart's files lie.
pub(crate) fn partitions(mart: &Mart) -> Partitions {
    match mart.partition {
        Partition::EventDate => Partitions::EventDate,
        Partition::None => Partitions::None,
    }
}

/// The columns that a mart's files have, as its SQL says; `context` has the
/// facts.
pub(crate) async fn schema_of(
    mart: &Mart,
    context: &SessionContext,
) -> Result<SchemaRef, MartsError> {
    // Which date it is says nothing about the columns.
    let sql = mart.sql_for("2000-01-01");
    let columns = match statement::plan(&context.state(), &sql).await {
        Ok(plan) => output::storable(plan.schema().as_arrow()),
        Err(error) => Err(error),
    };
    columns.map_err(|error| error.in_mart(&mart.name))
}

#[cfg(test)]
mod tests {
    use marquee_sql::TAKEN;

    use super::*;

    #[test]
    fn no_mart_takes_the_name_of_what_is_there() {
        for (name, _) in COMPACTED {
            assert!(TAKEN.contains(&name), "{name}");
        }
        assert!(TAKEN.contains(&crate::engine::AUDIT_BOOKS));
    }
}
