//! Published dates whose current generation a book does not know yet.

use std::future::ready;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::zone::run_artifact_key;
use marquee_lake::{LakeError, document, generation};
use object_store::ObjectStore;
use serde::de::DeserializeOwned;

use crate::error::CurationError;

/// How many books are read at a time.
const READERS: usize = 16;

/// Every published date, ascending, with its current generation, whose book of that
/// name is not there, or `knows` not that generation.
///
/// A book that makes no sense is as good as none: whoever writes it writes it anew.
pub(crate) async fn pending_generations<B: DeserializeOwned>(
    store: &dyn ObjectStore,
    name: &str,
    knows: fn(&B, u32) -> bool,
) -> Result<Vec<(Date, u32)>, CurationError> {
    let numbers = generation::numbers(store).await?;
    let published = numbers
        .into_iter()
        .filter_map(|(event_date, numbers)| Some((event_date, numbers.last().copied()?)));
    futures::stream::iter(published)
        .map(|(event_date, generation)| async move {
            let key = run_artifact_key(event_date, "audit", name);
            let is_known = match document::read::<B>(store, &key).await {
                Ok(book) => knows(&book, generation),
                Err(LakeError::Malformed { .. })
                | Err(LakeError::Store(object_store::Error::NotFound { .. })) => false,
                Err(error) => return Err(error.into()),
            };
            Ok((!is_known).then_some((event_date, generation)))
        })
        .buffered(READERS)
        .try_filter_map(|date| ready(Ok(date)))
        .try_collect()
        .await
}
