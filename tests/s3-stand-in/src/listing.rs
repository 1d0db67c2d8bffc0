//! ListObjectsV2: keys in order, in pages, with common prefixes.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;

use crate::bucket::Bucket;
use crate::call::Call;
use crate::xml::escape;

/// Returns one page of a bucket's keys.
pub(crate) fn list(bucket: &Bucket, call: &Call, page_size: usize) -> Response {
    let parameter = |name: &str| call.query.get(name).map(String::as_str);
    let prefix = parameter("prefix").unwrap_or_default();
    let delimiter = parameter("delimiter").filter(|d| !d.is_empty());
    let token = parameter("continuation-token");
    let after = token.or(parameter("start-after")).unwrap_or_default();
    let limit = parameter("max-keys")
        .map(|n| n.parse::<usize>().expect("max-keys is a number"))
        .map_or(page_size, |n| n.min(page_size));

    let mut xml = String::new();
    let (mut entries, mut last, mut truncated) = (0, String::new(), false);
    for (key, object) in bucket.objects.range(prefix.to_owned()..) {
        let Some(rest) = key.strip_prefix(prefix) else {
            break;
        };
        let group = delimiter
            .and_then(|d| rest.find(d).map(|at| at + d.len()))
            .map(|end| &key[..prefix.len() + end]);
        let entry = group.unwrap_or(key);
        // A page may end with a common prefix: the keys below it sort after the
        // token.
        if key.as_str() <= after || token == Some(entry) || (entries > 0 && entry == last) {
            continue;
        }
        if entries == limit {
            truncated = true;
            break;
        }
        let entry_xml = match group {
            Some(group) => format!(
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                escape(group)
            ),
            None => format!(
                "<Contents><Key>{}</Key><LastModified>2026-01-01T{}.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size></Contents>",
                escape(key),
                object.time_of_day(),
                escape(&object.e_tag),
                object.bytes.len()
            ),
        };
        xml.push_str(&entry_xml);
        entry.clone_into(&mut last);
        entries += 1;
    }
    if truncated {
        let _ = write!(
            xml,
            "<NextContinuationToken>{}</NextContinuationToken>",
            escape(&last)
        );
    }
    Response::new(Body::from(format!(
        "<ListBucketResult><IsTruncated>{truncated}</IsTruncated><KeyCount>{entries}</KeyCount>{xml}</ListBucketResult>"
    )))
}
