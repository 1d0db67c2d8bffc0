//! Validation of SQL statements: one statement that only reads.

use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SQLOptions;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;

use crate::MartsError;
use crate::size_limit;

/// Plans the single read-only statement in `sql`.
pub(crate) async fn plan(state: &SessionState, sql: &str) -> Result<LogicalPlan, MartsError> {
    let statement = parse(sql)?;
    if !is_read_only(&statement) {
        return Err(not_read_only(&statement));
    }
    let denied = not_read_only(&statement);
    let plan = state.statement_to_plan(statement).await?;
    // Reject writes nested in a query: `EXPLAIN ANALYZE INSERT …`, `SELECT … INTO …`.
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)
        .map_err(|_| denied)?;
    Ok(plan)
}

/// Returns the names of the tables that the one statement in `sql` reads.
pub(crate) fn tables(state: &SessionState, sql: &str) -> Result<Vec<String>, MartsError> {
    let tables = state.resolve_table_references(&parse(sql)?)?;
    Ok(tables
        .iter()
        .map(|table| table.table().to_owned())
        .collect())
}

fn parse(sql: &str) -> Result<Statement, MartsError> {
    size_limit::check(sql)?;
    let described = described_table(sql).map(|table| format!("DESCRIBE {table}"));
    let mut statements = DFParserBuilder::new(described.as_deref().unwrap_or(sql))
        .with_dialect(&GenericDialect {})
        .build()?
        .parse_statements()?;
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err(MartsError::sql("no statement")),
        (Some(_), more) => Err(MartsError::sql(format!(
            "{} statements; run one at a time",
            more + 1
        ))),
    }
}

/// Returns the rest of `DESCRIBE TABLE …`, which other databases accept and the parser
/// does not.
fn described_table(sql: &str) -> Option<&str> {
    let rest = ["DESCRIBE", "DESC"]
        .iter()
        .find_map(|verb| without_word(sql, verb))?;
    let table = without_word(rest, "TABLE")?.trim();
    (!table.is_empty() && table != ";").then_some(table)
}

/// Returns the text after its first word, if this is `word` in any case.
fn without_word<'s>(text: &'s str, word: &str) -> Option<&'s str> {
    let text = text.trim_start();
    let (first, rest) = text.split_at_checked(word.len())?;
    (first.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace)).then_some(rest)
}

fn is_read_only(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(statement) => matches!(
            **statement,
            ast::Statement::Query(_)
                | ast::Statement::Explain { .. }
                | ast::Statement::ExplainTable { .. }
                | ast::Statement::ShowTables { .. }
                | ast::Statement::ShowColumns { .. }
                | ast::Statement::ShowFunctions { .. }
        ),
        Statement::Explain(explain) => is_read_only(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => false,
    }
}

fn not_read_only(statement: &Statement) -> MartsError {
    let text = statement.to_string();
    let verb = text.split_whitespace().next().unwrap_or_default();
    MartsError::ReadOnly {
        statement: verb.to_ascii_uppercase(),
    }
}
