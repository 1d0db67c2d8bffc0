//! Listings, page by page.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::Object;
use futures::{Stream, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, Result};

use super::S3Store;
use super::failure::{failure, invalid};
use super::read::at;

impl S3Store {
    /// The objects below `prefix` whose keys sort after `offset`, in order.
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

    /// The objects directly below `prefix`, and the "directories" there.
    pub(super) async fn list_level(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut level = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
        };
        let mut pages = std::pin::pin!(self.pages(prefix, None, Some("/")));
        while let Some(page) = pages.try_next().await? {
            for common in page.common_prefixes.unwrap_or_default() {
                let common = Path::parse(common.prefix.unwrap_or_default())?;
                level.common_prefixes.push(common);
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
        // A prefix is of whole segments: `a` holds `a/b`, not `ab`.
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

    /// A page's objects, without the empty `…/` ones by which the console
    /// marks its folders: no [`Path`] names them.
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
            .ok_or_else(|| invalid("an object without a key is listed"))?;
        let size = object.size.and_then(|size| u64::try_from(size).ok());
        Ok(ObjectMeta {
            location: Path::parse(&key)?,
            last_modified: at(object.last_modified)?,
            size: size.ok_or_else(|| invalid(format!("{key} is listed without a size")))?,
            e_tag: object.e_tag,
            version: None,
        })
    }
}
