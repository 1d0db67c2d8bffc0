//! Measurements, and assumptions where no measurement exists ("assumed").

/// The mean size of an event's JSON from the simulator, in bytes.
pub const EVENT_BYTES: f64 = 366.0;

/// The compressed size of a record as a share of its events' JSON, by the number of
/// events in the record (zstd). Measured on records of the producer with 298,440
/// simulated events of 30,000 users: `simulate --events 300000 --users 30000 --days 1
/// --buckets 1 --linger-ms …`.
pub const COMPRESSED: [(f64, f64); 8] = [
    (1.0, 0.902),
    (2.486, 0.506),
    (8.063, 0.302),
    (18.37, 0.237),
    (35.48, 0.207),
    (69.32, 0.189),
    (199.6, 0.177),
    (417.4, 0.155),
];
/// The bytes that KPL aggregation adds to each event and to each record.
pub const AGGREGATE_OVERHEAD: (f64, f64) = (8.0, 32.0);
/// The bytes that the partition key adds to a record of one event.
pub const KEY_BYTES: f64 = 9.0;

/// The CPU time of the transform per event on one core, in ns: aggregated and
/// compressed, with the raw zone and without (docs/adr/0002-hot-path.md).
pub const TRANSFORM_NS: (f64, f64) = (1_063.0, 725.0);
/// The same for uncompressed records of one event.
pub const TRANSFORM_PLAIN_NS: (f64, f64) = (1_074.0, 623.0);
/// The CPU time of compaction per event, in ns, with 16 million events in a bucket;
/// smaller buckets take less (docs/adr/0004-compaction.md).
pub const COMPACT_NS: f64 = 640.0;
/// The additional CPU time of the split per event, in ns: 910 for 16 million rows in 64
/// buckets, minus 420 for 4 million in one; fewer buckets take less
/// (docs/adr/0004-compaction.md).
pub const SPLIT_NS: f64 = 490.0;
/// The CPU time of the marts on all cores per event of the date, in ns, without earlier
/// dates (docs/adr/0007-marts.md).
///
/// 420 for fifteen marts (`cargo xtask bench marts`: 420 at a million events, 360 at
/// four million, 400 at sixteen million), and 180 for the three later marts. Measured by
/// hand, those took 0.65 CPU s over the views of four million events, about 160 per
/// event.
pub const MARTS_NS: f64 = 600.0;
/// The maximum number of rows per bucket. The number of buckets is rounded up to a power
/// of two.
pub const BUCKET_ROWS: f64 = 8_000_000.0;
/// The size of a chunk of the split (`CompactSettings` of crates/compaction): rows of
/// the date, or bytes of the objects that contain them.
pub const SPLIT_CHUNK: (f64, f64) = (1_310_720.0, 1_073_741_824.0);
/// The maximum number of chunks in a part of the split.
pub const PART_CHUNKS: f64 = 16.0;
/// The number of rows that one read request fetches.
pub const ROW_GROUP: f64 = 131_072.0;

/// The size of the raw zone as a share of the events' JSON, in the demo's lake of a
/// million events.
pub const RAW: f64 = 0.137;
/// The size of the processed zone, as [`RAW`].
pub const PROCESSED: f64 = 0.144;
/// The size of all curated tables, as [`RAW`].
pub const CURATED: f64 = 0.110;
/// The size of the quarantine zone as a share of the rejected units' JSON. It exceeds 1
/// because the objects are small.
pub const QUARANTINE: f64 = 3.2;

/// The bytes that Lambda's JSON envelope adds to a record.
pub const ENVELOPE_BYTES: f64 = 520.0;
/// The maximum payload of a Lambda call, in bytes.
pub const PAYLOAD_BYTES: f64 = 6.0 * 1_048_576.0;
/// The maximum number of records in a batch.
pub const BATCH_RECORDS: f64 = 10_000.0;
/// The memory with which Lambda provides one CPU, in MB.
pub const CORE_MB: f64 = 1_769.0;

/// The slowdown of a Lambda CPU relative to the measurements' (assumed).
pub const CPU_SLOWDOWN: f64 = 1.5;
/// The duration of an S3 call, in seconds (assumed).
pub const S3_SECONDS: f64 = 0.025;
/// The sequential S3 calls of a batch: check for its receipt, check the title catalog,
/// write its objects (concurrently), write its receipt.
pub const BATCH_WAITS: f64 = 4.0;
/// The I/O rate of a function, in bytes per second (assumed).
pub const LAMBDA_IO: f64 = 75e6;
/// The overhead of a step of the daily pipeline, in seconds (assumed).
pub const STEP_SECONDS: f64 = 0.5;
/// The CPU time of the checks on all cores per event, in ns (assumed). Checks read the
/// same events and facts as the marts, some of them twice.
pub const CHECKS_NS: f64 = 1_000.0;
/// The CPU utilization of a run of the marts, as a share (assumed).
pub const MARTS_BUSY: f64 = 0.5;
/// The number of earlier dates with late events per day (assumed). Each batch has a few
/// late events.
pub const LATE_DATES: f64 = 3.0;
/// The bytes of logs and metrics per function call (assumed).
pub const LOG_BYTES: f64 = 2_048.0;
/// The share of S3 requests that call KMS, with a bucket key (assumed).
pub const KMS_SHARE: f64 = 0.01;
