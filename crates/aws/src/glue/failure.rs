//! What Glue answers, in the catalogue's words.

use std::error::Error as StdError;

use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use marquee_table_catalog::TableCatalogError;

use crate::refusal::refusal;

pub(super) const ALREADY_EXISTS: &str = "AlreadyExistsException";
pub(super) const CONCURRENT_MODIFICATION: &str = "ConcurrentModificationException";
pub(super) const ENTITY_NOT_FOUND: &str = "EntityNotFoundException";

/// What became of a write.
#[derive(Debug)]
pub(super) enum Written {
    /// It stands.
    Done,
    /// Somebody else wrote in between: look again. The error is for when that
    /// does not end.
    Overtaken(TableCatalogError),
}

/// Glue's code for a failed call; `None` where no answer came.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.code()
}

/// What was asked for; `None` when it is not there.
pub(super) fn found<T, E>(
    action: String,
    answer: Result<T, SdkError<E>>,
) -> Result<Option<T>, TableCatalogError>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if code(&error) == Some(ENTITY_NOT_FOUND) => Ok(None),
        Err(error) => Err(TableCatalogError::Service {
            action,
            cause: refusal(&error).into(),
        }),
    }
}

/// What became of a write, where `overtaken` are the codes by which Glue says
/// that somebody else wrote in between.
pub(super) fn written<T, E>(
    action: String,
    answer: Result<T, SdkError<E>>,
    overtaken: &[&str],
) -> Result<Written, TableCatalogError>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Err(error) = answer else {
        return Ok(Written::Done);
    };
    let is_overtaken = code(&error).is_some_and(|code| overtaken.contains(&code));
    let cause = refusal(&error).into();
    let error = TableCatalogError::Service { action, cause };
    if is_overtaken {
        Ok(Written::Overtaken(error))
    } else {
        Err(error)
    }
}
