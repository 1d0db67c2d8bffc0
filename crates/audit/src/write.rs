//! Writing an audit to the lake.

use marquee_lake::document;
use marquee_lake::zone::{audit_books_key, run_artifact_key};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::audit::Audit;
use crate::books_table;
use crate::error::AuditError;

/// The name of the document with a date's books, in the directory of its audits.
pub const BOOKS: &str = "books";

/// Writes the audit, in place of the date's previous one: its figures as the date's file of
/// the table `audit_books`, then all of it as a JSON document beside the date's generations.
///
/// A failure between the two leaves a newer table than document. The next audit writes both.
///
/// # Errors
/// If the lake cannot be written.
pub async fn write(store: &dyn ObjectStore, audit: &Audit) -> Result<(), AuditError> {
    let (_, content) = books_table::figures(audit).file()?;
    let table = Path::from(audit_books_key(audit.date));
    store.put(&table, content.into()).await?;
    let key = run_artifact_key(audit.date, "audit", BOOKS);
    document::write(store, &key, audit).await?;
    Ok(())
}
