//! State tables: rows that are carried over, together with rows of changed dates.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{LogicalPlan, SortExpr};
use datafusion::prelude::{Expr, SessionContext, ident, lit};
use marquee_event::Date;

use crate::MartsError;
use crate::output::storable;
use crate::session;
use crate::table::{PartitionColumns, TableObjects};

/// The rows of a previous state to carry over.
pub(crate) struct Carried<'a> {
    /// The files of the previous state.
    pub(crate) files: TableObjects,
    /// The column with the date of a row's facts.
    pub(crate) column: &'a str,
    /// The dates whose rows are carried over.
    pub(crate) dates: &'a BTreeSet<Date>,
}

/// Adds the carried rows to `fresh`, the plan of a state table over the facts of all other
/// dates. The order of the rows is that of `fresh`.
///
/// # Errors
/// Returns [`MartsError::Sql`] if `fresh` does not end with an `ORDER BY` over its own columns.
pub(crate) fn with_carried(
    context: &SessionContext,
    fresh: LogicalPlan,
    carried: Carried<'_>,
) -> Result<LogicalPlan, MartsError> {
    let schema = storable(fresh.schema().as_arrow())?;
    let LogicalPlan::Sort(fresh) = fresh else {
        return Err(MartsError::sql(
            "a state table must end with ORDER BY over its own columns",
        ));
    };
    let order = fresh
        .expr
        .into_iter()
        .map(|key| match key.expr {
            Expr::Column(column) => Ok(SortExpr::new(ident(column.name), key.asc, key.nulls_first)),
            other => Err(MartsError::sql(format!(
                "a state table must be ordered by columns, not by {other}"
            ))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<Expr> = schema
        .fields()
        .iter()
        .map(|field| ident(field.name()))
        .collect();
    let dates = carried
        .dates
        .iter()
        .map(|date| lit(ScalarValue::Date32(Some(date.days()))));
    let previous = session::object_table(schema, PartitionColumns::None, &carried.files)?;
    let previous = context
        .read_table(Arc::new(previous))?
        .filter(ident(carried.column).in_list(dates.collect(), false))?
        .select(columns)?;
    let fresh = DataFrame::new(context.state(), Arc::unwrap_or_clone(fresh.input));
    let frame = fresh.union(previous)?.sort(order)?;
    Ok(frame.into_unoptimized_plan())
}
