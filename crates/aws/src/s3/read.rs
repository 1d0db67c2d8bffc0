//! Reading one object, whole, in part, or its head only.

use std::ops::Range;
use std::time::SystemTime;

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use futures::StreamExt as _;
use futures::stream;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result};

use super::attributes::Headers;
use super::failure::{beyond_the_end, failure, invalid, status};
use super::{S3Store, STORE};

/// The conditions and the range, which GET and HEAD take alike.
macro_rules! under {
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
        let mut got = under!(request, options)
            .set_range(range.clone())
            .send()
            .await
            .map_err(|error| match (status(&error), &options.range) {
                (Some(416), Some(range)) => beyond_the_end("GetObject", location, range, error),
                _ => failure("GetObject", location, error),
            })?;

        let length = length(got.content_length)?;
        let (range, size) = match (range, got.content_range.as_deref()) {
            (None, _) => (0..length, length),
            (Some(_), Some(answered)) => content_range(answered)
                .ok_or_else(|| invalid(format!("unreadable Content-Range {answered:?}")))?,
            (Some(asked), None) => return Err(invalid(format!("the range {asked} was ignored"))),
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
            attributes: Headers::of_get(&mut got).into(),
            payload: GetResultPayload::Stream(chunks(got.body).boxed()),
        })
    }

    /// A head's payload is empty; its range is the object's.
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
        let mut head = under!(request, options)
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
            attributes: Headers::of_head(&mut head).into(),
            payload: GetResultPayload::Stream(stream::empty().boxed()),
        })
    }
}

/// The body as it comes in.
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

/// `bytes 2-4/10` as the bytes 2..5 of 10.
fn content_range(header: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    Some((first.parse().ok()?..end, size.parse().ok()?))
}

fn length(length: Option<i64>) -> Result<u64> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| invalid(format!("{STORE} told no length")))
}

/// A time of S3's in the words of `object_store` (which speaks chrono).
pub(super) fn at<T: From<SystemTime>>(time: Option<DateTime>) -> Result<T> {
    let time = time.ok_or_else(|| invalid(format!("{STORE} told no time of the last change")))?;
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
