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
use self::failure::{as_already_exists, as_precondition, failure, invalid};
use self::upload::S3Upload;

pub use self::failure::S3Failure;

/// The store's name in `object_store`'s errors.
const STORE: &str = "S3";

/// Characters that stay unescaped in the source of a copy. S3 decodes the others.
const COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// One S3 bucket as an [`ObjectStore`], over the process's AWS SDK client.
///
/// S3's guarantees map to `object_store`'s terms as follows:
///
/// - `PutMode::Create` and a create-only copy send `If-None-Match: *`. They fail with
///   [`Error::AlreadyExists`] only when S3 reports that the object exists (412). The
///   SDK retries a call whose response was lost, so the existing object may be the
///   caller's own.
/// - `PutMode::Update` sends `If-Match` with the version's ETag. It fails with
///   [`Error::Precondition`] when the object changed or is gone.
/// - 409 (another conditional request is in progress) leaves the outcome open. The
///   SDK retries the call under its policy; when the retries are used up, the error
///   is generic.
/// - Deleting a missing object succeeds.
///
/// Reading a missing object requires `s3:ListBucket`. Without it S3 returns 403
/// instead of 404, and the error is [`Error::PermissionDenied`] instead of
/// [`Error::NotFound`]. The bucket's lifecycle rule removes multipart uploads that
/// were neither completed nor aborted. S3 limits a copy to 5 GiB.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: Arc<str>,
}

impl S3Store {
    /// Creates the store of a bucket that `client` reaches.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// Creates the store with a client from the process's configuration. `path_style`
    /// puts the bucket's name into the path instead of the host name, which most S3
    /// emulators need.
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
        request = Headers::try_from(&options.attributes)?.apply_to_put(request);
        if !options.tags.encoded().is_empty() {
            request = request.tagging(options.tags.encoded());
        }
        let convert_condition: fn(Error) -> Error = match options.mode {
            PutMode::Overwrite => |error| error,
            PutMode::Create => {
                request = request.if_none_match("*");
                as_already_exists
            }
            PutMode::Update(version) => {
                let e_tag = version.e_tag.ok_or_else(|| {
                    invalid("a conditional update needs the ETag of the old object")
                })?;
                request = request.if_match(e_tag);
                as_precondition
            }
        };
        let put = retrying_conflicts(request.customize())
            .send()
            .await
            .map_err(|error| convert_condition(failure("PutObject", location, error)))?;
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
        delete::delete_in_batches(self.clone(), locations).boxed()
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
        let convert_condition: fn(Error) -> Error = match options.mode {
            CopyMode::Overwrite => |error| error,
            CopyMode::Create => {
                request = request.if_none_match("*");
                as_already_exists
            }
        };
        // A 412 concerns the destination; every other status, such as 404, the
        // source.
        let failed_path = |error: &_| {
            if failure::status(error) == Some(412) {
                to
            } else {
                from
            }
        };
        retrying_conflicts(request.customize())
            .send()
            .await
            .map_err(|error| {
                convert_condition(failure("CopyObject", failed_path(&error), error))
            })?;
        Ok(())
    }
}
