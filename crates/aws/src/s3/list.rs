//! Paginated listings.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::Object;
use futures::{Stream, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, Result};

use super::S3Store;
use super::failure::{failure, invalid};
use super::read::at;

impl S3Store {
    /// Lists the objects below `prefix` whose keys sort after `offset`, in key order.
    pub(super) fn list_objects(
        &self,
        prefix: Option<&Path>,
        offset: Option<&Path>,
    ) -> impl Stream<Item = Result<ObjectMeta>> + Send + 'static {
        let store = self.clone();
        self.pages(prefix, offset, None)
            .map_ok(move |page| stream::iter(store.objects(page.contents)))
            .try_flatten()
    }

    /// Lists the objects directly below `prefix` and the common prefixes
    /// ("directories") there.
    pub(super) async fn list_level(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut level = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
        };
        let mut pages = std::pin::pin!(self.pages(prefix, None, Some("/")));
        while let Some(page) = pages.try_next().await? {
            for common in page.common_prefixes.unwrap_or_default() {
                let common = common
                    .prefix
                    .ok_or_else(|| invalid("a listing has a common prefix without a name"))?;
                level.common_prefixes.push(Path::parse(common)?);
            }
            for object in self.objects(page.contents) {
                level.objects.push(object?);
            }
        }
        Ok(level)
    }

    fn pages(
        &self,
        prefix: Option<&Path>,
        offset: Option<&Path>,
        delimiter: Option<&str>,
    ) -> impl Stream<Item = Result<ListObjectsV2Output>> + Send + 'static {
        let location = prefix.cloned().unwrap_or_default();
        // A prefix matches whole segments: `a` contains `a/b`, but not `ab`.
        let below = match location.as_ref() {
            "" => None,
            key => Some(format!("{key}/")),
        };
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&*self.bucket)
            .set_prefix(below)
            .set_start_after(offset.map(Path::to_string))
            .set_delimiter(delimiter.map(str::to_owned))
            .into_paginator()
            .send();
        stream::unfold(pages, |mut pages| async move {
            let page = pages.next().await?;
            Some((page, pages))
        })
        .map_err(move |error| failure("ListObjectsV2", &location, error))
    }

    /// Returns the objects of a page without the empty `…/` objects that the S3
    /// console creates for folders. A [`Path`] cannot end with a slash.
    fn objects(&self, contents: Option<Vec<Object>>) -> Vec<Result<ObjectMeta>> {
        let contents = contents.unwrap_or_default().into_iter();
        contents
            .filter(|object| !object.key().is_some_and(|key| key.ends_with('/')))
            .map(|object| self.meta(object))
            .collect()
    }

    fn meta(&self, object: Object) -> Result<ObjectMeta> {
        let key = object
            .key
            .ok_or_else(|| invalid("a listing has an object without a key"))?;
        let size = object.size.and_then(|size| u64::try_from(size).ok());
        Ok(ObjectMeta {
            location: Path::parse(&key)?,
            last_modified: at(object.last_modified)?,
            size: size.ok_or_else(|| invalid(format!("a listing has no size for {key}")))?,
            e_tag: object.e_tag,
            version: None,
        })
    }
}
