//! Keeping an audit in the lake.

use marquee_lake::document;
use marquee_lake::zone::{audit_books_key, run_artifact_key};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::audit::Audit;
use crate::books_table;
use crate::error::AuditError;

/// The name of a date's books among its audits.
pub const BOOKS: &str = "books";

/// Keeps the audit, in place of the one before: as the date's file of the table
/// `audit_books`, and then, with its sentences, beside the date's generations. What
/// broke off between the two is mended by the next audit, which writes both.
///
/// # Errors
/// When the lake cannot be written.
pub async fn keep(store: &dyn ObjectStore, audit: &Audit) -> Result<(), AuditError> {
    let (_, content) = books_table::figures(audit).file()?;
    let table = Path::from(audit_books_key(audit.date));
    store.put(&table, content.into()).await?;
    let key = run_artifact_key(audit.date, "audit", BOOKS);
    document::write(store, &key, audit).await?;
    Ok(())
}
