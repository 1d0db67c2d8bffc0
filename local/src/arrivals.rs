//! The embedded stream's own count of the records that arrived on each date.

use std::collections::BTreeMap;
use std::path::Path;

use marquee_audit::StreamCount;
use marquee_event::Date;
use marquee_stream::{Stream, StreamError};

/// Counts the records of the stream in `dir` by arrival date and shard.
pub fn count(dir: &Path) -> Result<BTreeMap<Date, StreamCount>, StreamError> {
    let stream = Stream::open(dir)?;
    let mut dates: BTreeMap<Date, StreamCount> = BTreeMap::new();
    for shard in stream.shards() {
        let mut reader = stream.reader(*shard, None)?;
        while let Some(record) = reader.next()? {
            let date = Date::of(record.arrived_at_ms.saturating_mul(1000));
            let of_date = dates.entry(date).or_default();
            *of_date.entry(shard.to_string()).or_default() += 1;
        }
    }
    Ok(dates)
}
