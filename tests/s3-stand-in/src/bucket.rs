//! The objects of a bucket and the operations on a single object.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;

use crate::call::{Call, S3Error};
use crate::xml;

/// The headers that are stored with an object and returned with it.
const STORED_HEADERS: [&str; 5] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
];

const NO_SUCH_KEY: S3Error = S3Error::new(404, "NoSuchKey");
const NO_SUCH_UPLOAD: S3Error = S3Error::new(404, "NoSuchUpload");
const PRECONDITION_FAILED: S3Error = S3Error::new(412, "PreconditionFailed");

/// Objects by key and multipart uploads by id.
#[derive(Default)]
pub(crate) struct Bucket {
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// The number of writes, which also serves as the clock.
    writes: u32,
}

/// A stored object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) e_tag: String,
    headers: Vec<(String, String)>,
    written: u32,
}

/// A multipart upload: its parts by number.
#[derive(Default)]
pub(crate) struct Upload {
    headers: Vec<(String, String)>,
    parts: BTreeMap<u32, Bytes>,
}

impl Object {
    /// Returns the time of the write. The bucket's clock starts at the first second
    /// of 2026 and advances by one second per write.
    pub(crate) fn time_of_day(&self) -> String {
        let second = self.written % 86_400;
        format!(
            "{:02}:{:02}:{:02}",
            second / 3_600,
            second / 60 % 60,
            second % 60
        )
    }
}

impl Bucket {
    pub(crate) fn insert(
        &mut self,
        key: &str,
        bytes: Bytes,
        headers: Vec<(String, String)>,
    ) -> String {
        let e_tag = e_tag(&bytes);
        let object = Object {
            bytes,
            e_tag: e_tag.clone(),
            headers,
            written: self.writes,
        };
        self.writes += 1;
        self.objects.insert(key.to_owned(), object);
        e_tag
    }

    pub(crate) fn get(&self, key: &str) -> Result<&Object, S3Error> {
        self.objects.get(key).ok_or(NO_SUCH_KEY)
    }

    pub(crate) fn put(&mut self, call: &Call) -> Result<Response, S3Error> {
        self.check_write(call)?;
        let e_tag = self.insert(&call.key, call.body.clone(), stored_headers(call));
        Ok(answer(200, [("etag", e_tag)], Bytes::new()))
    }

    pub(crate) fn copy(&mut self, source: Object, call: &Call) -> Result<Response, S3Error> {
        self.check_write(call)?;
        let e_tag = self.insert(&call.key, source.bytes, source.headers);
        let xml = format!(
            "<CopyObjectResult><ETag>{}</ETag></CopyObjectResult>",
            xml::escape(&e_tag)
        );
        Ok(answer(200, NO_HEADERS, xml.into()))
    }

    /// Checks `If-None-Match: *` and `If-Match` of a write.
    fn check_write(&self, call: &Call) -> Result<(), S3Error> {
        let there = self.objects.get(&call.key);
        if call.header("if-none-match").is_some() && there.is_some() {
            return Err(PRECONDITION_FAILED);
        }
        match (call.header("if-match"), there) {
            (Some(_), None) => Err(NO_SUCH_KEY),
            (Some(wanted), Some(object)) if wanted != object.e_tag => Err(PRECONDITION_FAILED),
            _ => Ok(()),
        }
    }

    pub(crate) fn read(&self, call: &Call) -> Result<Response, S3Error> {
        let object = self.get(&call.key)?;
        if call
            .header("if-match")
            .is_some_and(|wanted| wanted != object.e_tag)
        {
            return Err(PRECONDITION_FAILED);
        }
        if call
            .header("if-none-match")
            .is_some_and(|known| known == object.e_tag || known == "*")
        {
            return Err(S3Error::new(304, "NotModified"));
        }
        let size = object.bytes.len();
        let (status, range) = match call.header("range") {
            Some(header) => {
                let range = parse_range(header, size).ok_or(S3Error::new(416, "InvalidRange"))?;
                (206, range)
            }
            None => (200, 0..size),
        };
        let mut headers = object.headers.clone();
        headers.push(("etag".into(), object.e_tag.clone()));
        headers.push((
            "last-modified".into(),
            format!("Thu, 01 Jan 2026 {} GMT", object.time_of_day()),
        ));
        if status == 206 {
            let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            headers.push(("content-range".into(), content_range));
        }
        if call.method == "HEAD" {
            headers.push(("content-length".into(), range.len().to_string()));
            return Ok(answer(status, headers, Bytes::new()));
        }
        Ok(answer(status, headers, object.bytes.slice(range)))
    }

    pub(crate) fn delete(&mut self, call: &Call) -> Response {
        self.objects.remove(&call.key);
        answer(204, NO_HEADERS, Bytes::new())
    }

    /// Executes DeleteObjects. A key that contains `locked` cannot be deleted.
    pub(crate) fn delete_many(&mut self, call: &Call) -> Response {
        let mut errors = String::new();
        for key in xml::texts(&String::from_utf8_lossy(&call.body), "Key") {
            if key.contains("locked") {
                errors += &format!(
                    "<Error><Key>{}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
                    xml::escape(&key)
                );
            } else {
                self.objects.remove(&key);
            }
        }
        answer(
            200,
            NO_HEADERS,
            format!("<DeleteResult>{errors}</DeleteResult>").into(),
        )
    }

    pub(crate) fn begin_upload(&mut self, call: &Call) -> Response {
        let id = format!("upload-{}", self.writes);
        self.writes += 1;
        let upload = Upload {
            headers: stored_headers(call),
            ..Upload::default()
        };
        self.uploads.insert(id.clone(), upload);
        let xml = format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        answer(200, NO_HEADERS, xml.into())
    }

    pub(crate) fn put_part(&mut self, call: &Call) -> Result<Response, S3Error> {
        let number = call.query.get("partNumber").and_then(|n| n.parse().ok());
        let number = number.ok_or(S3Error::new(400, "InvalidArgument"))?;
        let upload = call
            .query
            .get("uploadId")
            .and_then(|id| self.uploads.get_mut(id));
        upload
            .ok_or(NO_SUCH_UPLOAD)?
            .parts
            .insert(number, call.body.clone());
        Ok(answer(200, [("etag", e_tag(&call.body))], Bytes::new()))
    }

    /// Joins the parts in the order of their numbers. The request must list all of
    /// them in that order with their ETags.
    pub(crate) fn complete(&mut self, call: &Call) -> Result<Response, S3Error> {
        let id = call.query.get("uploadId").cloned().unwrap_or_default();
        let upload = self.uploads.get(&id).ok_or(NO_SUCH_UPLOAD)?;
        let request = String::from_utf8_lossy(&call.body);
        let named: Vec<_> = xml::texts(&request, "PartNumber")
            .into_iter()
            .zip(xml::texts(&request, "ETag"))
            .collect();
        let stored: Vec<_> = upload
            .parts
            .iter()
            .map(|(number, bytes)| (number.to_string(), e_tag(bytes)))
            .collect();
        if named.is_empty() {
            return Err(S3Error::new(400, "MalformedXML"));
        }
        if named != stored {
            return Err(S3Error::new(400, "InvalidPart"));
        }
        self.check_write(call)?;
        let upload = self.uploads.remove(&id).ok_or(NO_SUCH_UPLOAD)?;
        let whole: Vec<u8> = upload.parts.values().flatten().copied().collect();
        let e_tag = self.insert(&call.key, whole.into(), upload.headers);
        let xml = format!(
            "<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>",
            xml::escape(&e_tag)
        );
        Ok(answer(200, NO_HEADERS, xml.into()))
    }

    pub(crate) fn abort(&mut self, call: &Call) -> Result<Response, S3Error> {
        let id = call.query.get("uploadId").cloned().unwrap_or_default();
        self.uploads.remove(&id).ok_or(NO_SUCH_UPLOAD)?;
        Ok(answer(204, NO_HEADERS, Bytes::new()))
    }
}

const NO_HEADERS: [(&str, String); 0] = [];

fn answer<N: AsRef<str>>(
    status: u16,
    headers: impl IntoIterator<Item = (N, String)>,
    body: Bytes,
) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name.as_ref(), value);
    }
    response.body(Body::from(body)).expect("a valid answer")
}

/// Returns the headers of a write that are stored with the object.
fn stored_headers(call: &Call) -> Vec<(String, String)> {
    let is_stored =
        |name: &String| STORED_HEADERS.contains(&name.as_str()) || name.starts_with("x-amz-meta-");
    call.headers
        .iter()
        .filter(|(name, _)| is_stored(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Returns the ETag. As in S3, equal content has equal ETags.
fn e_tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Parses `bytes=a-b`, `bytes=a-` or `bytes=-n` for an object of that size. Returns
/// `None` if the range contains no byte of the object.
fn parse_range(header: &str, size: usize) -> Option<std::ops::Range<usize>> {
    let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from, to) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => {
            first.parse().ok()?..last.parse::<usize>().ok()?.saturating_add(1).min(size)
        }
    };
    (range.start < range.end).then_some(range)
}
