//! Published dates whose current generation is not yet in a book, such as the audit's.

use std::future::ready;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::zone::run_artifact_key;
use marquee_lake::{LakeError, document, generation};
use object_store::ObjectStore;
use serde::de::DeserializeOwned;

use crate::error::CurationError;

/// The number of concurrent reads of books.
const READERS: usize = 16;

/// Lists the published dates, ascending, with their current generations, whose book `name`
/// is missing or does not contain that generation. `contains` tests a book.
///
/// A malformed book counts as missing, because the step that writes the book replaces it.
pub(crate) async fn pending_generations<B: DeserializeOwned>(
    store: &dyn ObjectStore,
    name: &str,
    contains: fn(&B, u32) -> bool,
) -> Result<Vec<(Date, u32)>, CurationError> {
    futures::stream::iter(generation::current_numbers(store).await?)
        .map(|(event_date, generation)| async move {
            let key = run_artifact_key(event_date, "audit", name);
            let is_contained = match document::read::<B>(store, &key).await {
                Ok(book) => contains(&book, generation),
                Err(LakeError::Malformed { .. })
                | Err(LakeError::Store(object_store::Error::NotFound { .. })) => false,
                Err(error) => return Err(error.into()),
            };
            Ok((!is_contained).then_some((event_date, generation)))
        })
        .buffered(READERS)
        .try_filter_map(|date| ready(Ok(date)))
        .try_collect()
        .await
}
