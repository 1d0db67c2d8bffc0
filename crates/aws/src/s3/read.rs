//! Reads one object: all of it, a range, or its metadata.

use std::ops::Range;
use std::time::SystemTime;

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use futures::StreamExt as _;
use futures::stream;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result};

use super::attributes::Headers;
use super::failure::{failure, invalid, range_not_satisfiable, status};
use super::{S3Store, STORE};

/// Sets the conditions and the version, which GET and HEAD have in common.
macro_rules! with_conditions {
    ($request:expr, $options:expr) => {
        $request
            .set_if_match($options.if_match)
            .set_if_none_match($options.if_none_match)
            .set_if_modified_since(
                $options
                    .if_modified_since
                    .map(|at| DateTime::from(SystemTime::from(at))),
            )
            .set_if_unmodified_since(
                $options
                    .if_unmodified_since
                    .map(|at| DateTime::from(SystemTime::from(at))),
            )
            .set_version_id($options.version)
    };
}

impl S3Store {
    pub(super) async fn get_object(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> Result<GetResult> {
        let range = options.range.as_ref().map(range_header).transpose()?;
        let request = self
            .client
            .get_object()
            .bucket(&*self.bucket)
            .key(location.as_ref());
        let mut got = with_conditions!(request, options)
            .set_range(range.clone())
            .send()
            .await
            .map_err(|error| match (status(&error), &options.range) {
                (Some(416), Some(range)) => {
                    range_not_satisfiable("GetObject", location, range, error)
                }
                _ => failure("GetObject", location, error),
            })?;

        let length = length(got.content_length)?;
        let (range, size) = match (range, got.content_range.as_deref()) {
            (None, _) => (0..length, length),
            (Some(_), Some(header)) => content_range(header)
                .ok_or_else(|| invalid(format!("invalid Content-Range {header:?}")))?,
            (Some(range), None) => {
                return Err(invalid(format!("the response ignores the range {range}")));
            }
        };
        Ok(GetResult {
            meta: ObjectMeta {
                location: location.clone(),
                last_modified: at(got.last_modified)?,
                size,
                e_tag: got.e_tag.take(),
                version: got.version_id.take(),
            },
            range,
            attributes: Headers::take_from_get(&mut got).into(),
            payload: GetResultPayload::Stream(chunks(got.body).boxed()),
        })
    }

    /// Reads the object's metadata. The payload is empty and the range is the whole
    /// object's.
    pub(super) async fn head_object(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> Result<GetResult> {
        let request = self
            .client
            .head_object()
            .bucket(&*self.bucket)
            .key(location.as_ref());
        let mut head = with_conditions!(request, options)
            .send()
            .await
            .map_err(|error| failure("HeadObject", location, error))?;
        let size = length(head.content_length)?;
        Ok(GetResult {
            meta: ObjectMeta {
                location: location.clone(),
                last_modified: at(head.last_modified)?,
                size,
                e_tag: head.e_tag.take(),
                version: head.version_id.take(),
            },
            range: 0..size,
            attributes: Headers::take_from_head(&mut head).into(),
            payload: GetResultPayload::Stream(stream::empty().boxed()),
        })
    }
}

/// Streams the body.
fn chunks(body: ByteStream) -> impl futures::Stream<Item = Result<bytes::Bytes>> {
    stream::try_unfold(body, |mut body| async move {
        let chunk = body.try_next().await.map_err(invalid)?;
        Ok(chunk.map(|chunk| (chunk, body)))
    })
}

fn range_header(range: &GetRange) -> Result<String> {
    range.is_valid().map_err(invalid)?;
    Ok(range.to_string())
}

/// Parses `bytes 2-4/10` as the range 2..5 and the size 10.
fn content_range(header: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    Some((first.parse().ok()?..end, size.parse().ok()?))
}

fn length(length: Option<i64>) -> Result<u64> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| invalid(format!("the response of {STORE} has no length")))
}

/// Converts the time of the last change to the type that `object_store` uses (from
/// chrono).
pub(super) fn at<T: From<SystemTime>>(time: Option<DateTime>) -> Result<T> {
    let time = time.ok_or_else(|| {
        invalid(format!(
            "the response of {STORE} has no time of the last change"
        ))
    })?;
    SystemTime::try_from(time).map(T::from).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn reads_a_content_range() {
        assert_eq!(content_range("bytes 2-4/10"), Some((2..5, 10)));
        for broken in [
            "bytes */10",
            "bytes 2-4/*",
            "2-4/10",
            "bytes 0-18446744073709551615/1",
        ] {
            assert_eq!(content_range(broken), None, "{broken}");
        }
    }
}
