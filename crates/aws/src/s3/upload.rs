//! Multipart uploads.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    MultipartUpload, PutMultipartOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::S3Store;
use super::attributes::Headers;
use super::failure::{failure, invalid};

/// A multipart upload in progress. Parts may be uploaded concurrently. The object
/// becomes visible when [`complete`](MultipartUpload::complete) returns.
#[derive(Debug)]
pub(super) struct S3Upload {
    store: S3Store,
    location: Path,
    id: String,
    /// The number of parts so far, which is also the last part's number: S3 counts
    /// from 1.
    begun: i32,
    done: Arc<Mutex<Vec<CompletedPart>>>,
}

impl S3Upload {
    pub(super) async fn begin(
        store: S3Store,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Self> {
        // S3 accepts checksums of parts only with the algorithm that the upload was
        // created with.
        let mut request = store
            .client
            .create_multipart_upload()
            .bucket(&*store.bucket)
            .key(location.as_ref())
            .checksum_algorithm(ChecksumAlgorithm::Crc32);
        request = Headers::try_from(&options.attributes)?.apply_to_upload(request);
        if !options.tags.encoded().is_empty() {
            request = request.tagging(options.tags.encoded());
        }
        let begun = request
            .send()
            .await
            .map_err(|error| failure("CreateMultipartUpload", location, error))?;
        Ok(Self {
            id: begun
                .upload_id
                .ok_or_else(|| invalid("the response to CreateMultipartUpload has no upload id"))?,
            store,
            location: location.clone(),
            begun: 0,
            done: Arc::default(),
        })
    }
}

#[async_trait]
impl MultipartUpload for S3Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.begun = self.begun.saturating_add(1);
        let number = self.begun;
        let (location, done) = (self.location.clone(), Arc::clone(&self.done));
        let request = self
            .store
            .client
            .upload_part()
            .bucket(&*self.store.bucket)
            .key(location.as_ref())
            .upload_id(&self.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(Bytes::from(data).into());
        Box::pin(async move {
            let part = request
                .send()
                .await
                .map_err(|error| failure("UploadPart", &location, error))?;
            let part = CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag)
                .set_checksum_crc32(part.checksum_crc32)
                .build();
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(part);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if self.begun == 0 {
            // S3 rejects an upload without parts; one empty part makes an empty
            // object.
            self.put_part(PutPayload::default()).await?;
        }
        let mut parts = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if i32::try_from(parts.len()) != Ok(self.begun) {
            return Err(invalid(format!(
                "cannot complete the upload of {}: {} of {} parts were uploaded",
                self.location,
                parts.len(),
                self.begun
            )));
        }
        parts.sort_unstable_by_key(|part| part.part_number);
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let put = self
            .store
            .client
            .complete_multipart_upload()
            .bucket(&*self.store.bucket)
            .key(self.location.as_ref())
            .upload_id(&self.id)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(|error| failure("CompleteMultipartUpload", &self.location, error))?;
        Ok(PutResult {
            e_tag: put.e_tag,
            version: put.version_id,
        })
    }

    async fn abort(&mut self) -> Result<()> {
        self.store
            .client
            .abort_multipart_upload()
            .bucket(&*self.store.bucket)
            .key(self.location.as_ref())
            .upload_id(&self.id)
            .send()
            .await
            .map_err(|error| failure("AbortMultipartUpload", &self.location, error))?;
        Ok(())
    }
}
