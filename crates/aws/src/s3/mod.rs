//! A bucket as an [`ObjectStore`].

mod attributes;
mod conflict;
mod delete;
mod failure;
mod list;
mod read;
mod upload;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::attributes::Headers;
use self::conflict::retrying_conflicts;
use self::failure::{already_exists, failure, invalid, stale};
use self::upload::S3Upload;

pub use self::failure::S3Failure;

/// The store's name in `object_store`'s errors.
const STORE: &str = "S3";

/// What stands for itself in a copy's source; S3 decodes the rest.
const COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Object storage in one S3 bucket, or in a part of it, over the process's
/// own SDK.
///
/// It keeps S3's promises under `object_store`'s words:
///
/// - `PutMode::Create` and a create-only copy are `If-None-Match: *`. They
///   fail with [`Error::AlreadyExists`] only when S3 says that the object is
///   there (412). The SDK repeats a call whose answer was lost, so the object
///   that is there may be the caller's own.
/// - `PutMode::Update` is `If-Match` with the version's ETag;
///   [`Error::Precondition`] when the object is another one by now, or gone.
/// - 409 (another conditional request is under way) decides nothing. It is
///   retried under the SDK's policy, and a generic error if it lasts.
/// - Deleting what is not there succeeds.
///
/// Reading a missing object needs `s3:ListBucket`, or else S3 answers 403
/// instead of 404, here [`Error::PermissionDenied`] instead of
/// [`Error::NotFound`]. Uploads that are given up without an abort stay until
/// the bucket's lifecycle removes them. A copy is at most 5 GiB.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: Arc<str>,
}

impl S3Store {
    /// The bucket as `client` reaches it.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// The bucket under the process's configuration. `path_style` puts the
    /// bucket's name into the path instead of the host, as most stand-ins for
    /// S3 want it.
    pub fn connect(config: &SdkConfig, bucket: impl Into<Arc<str>>, path_style: bool) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(path_style)
            .build();
        Self::new(Client::from_conf(config), bucket)
    }
}

impl fmt::Display for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mut request = self
            .client
            .put_object()
            .bucket(&*self.bucket)
            .key(location.as_ref())
            .body(Bytes::from(payload).into());
        request = Headers::from(&options.attributes).onto_put(request);
        if !options.tags.encoded().is_empty() {
            request = request.tagging(options.tags.encoded());
        }
        let told_apart: fn(Error) -> Error = match options.mode {
            PutMode::Overwrite => |error| error,
            PutMode::Create => {
                request = request.if_none_match("*");
                already_exists
            }
            PutMode::Update(version) => {
                let e_tag = version
                    .e_tag
                    .ok_or_else(|| invalid("an update needs the ETag of what it replaces"))?;
                request = request.if_match(e_tag);
                stale
            }
        };
        let put = retrying_conflicts(request.customize())
            .send()
            .await
            .map_err(|error| told_apart(failure("PutObject", location, error)))?;
        Ok(PutResult {
            e_tag: put.e_tag,
            version: put.version_id,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(
            S3Upload::begin(self.clone(), location, options).await?,
        ))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            self.head_object(location, options).await
        } else {
            self.get_object(location, options).await
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        delete::in_batches(self.clone(), locations).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_objects(prefix, None).boxed()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_objects(prefix, Some(offset)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.list_level(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let source = from.to_string();
        let source = utf8_percent_encode(&source, COPY_SOURCE);
        let mut request = self
            .client
            .copy_object()
            .bucket(&*self.bucket)
            .copy_source(format!("{}/{source}", self.bucket))
            .key(to.as_ref());
        let told_apart: fn(Error) -> Error = match options.mode {
            CopyMode::Overwrite => |error| error,
            CopyMode::Create => {
                request = request.if_none_match("*");
                already_exists
            }
        };
        // A 404 is about the source, a 412 about the destination.
        let named = |error: &_| {
            if failure::status(error) == Some(412) {
                to
            } else {
                from
            }
        };
        retrying_conflicts(request.customize())
            .send()
            .await
            .map_err(|error| told_apart(failure("CopyObject", named(&error), error)))?;
        Ok(())
    }
}
