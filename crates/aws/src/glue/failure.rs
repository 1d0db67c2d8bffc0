//! Glue's errors as errors of the table catalog.

use std::error::Error as StdError;

use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use marquee_table_catalog::TableCatalogError;

use crate::sdk_error::describe;

pub(super) const ALREADY_EXISTS: &str = "AlreadyExistsException";
pub(super) const CONCURRENT_MODIFICATION: &str = "ConcurrentModificationException";
pub(super) const ENTITY_NOT_FOUND: &str = "EntityNotFoundException";

/// The outcome of a write.
#[derive(Debug)]
pub(super) enum WriteOutcome {
    /// The entry is current: it has the projection's version or a newer one.
    Current,
    /// Another writer changed the entry first: read it and try again. The error is
    /// returned when the retries are used up.
    Conflict(TableCatalogError),
}

/// Returns Glue's error code; `None` without a response.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.code()
}

/// Returns the response; `None` when the entity does not exist.
pub(super) fn found<T, E>(
    action: &str,
    answer: Result<T, SdkError<E>>,
) -> Result<Option<T>, TableCatalogError>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if code(&error) == Some(ENTITY_NOT_FOUND) => Ok(None),
        Err(error) => Err(TableCatalogError::Service {
            action: action.to_owned(),
            cause: describe(&error).into(),
        }),
    }
}

/// A successful response without the entity that was asked for.
pub(super) fn empty_response(action: String) -> TableCatalogError {
    TableCatalogError::Service {
        action,
        cause: "Glue's response does not contain it".into(),
    }
}

/// Classifies the response to a write. `conflicts` are the error codes that report a
/// concurrent change.
pub(super) fn write_outcome<T, E>(
    action: String,
    answer: Result<T, SdkError<E>>,
    conflicts: &[&str],
) -> Result<WriteOutcome, TableCatalogError>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Err(error) = answer else {
        return Ok(WriteOutcome::Current);
    };
    let is_conflict = code(&error).is_some_and(|code| conflicts.contains(&code));
    let cause = describe(&error).into();
    let error = TableCatalogError::Service { action, cause };
    if is_conflict {
        Ok(WriteOutcome::Conflict(error))
    } else {
        Err(error)
    }
}
