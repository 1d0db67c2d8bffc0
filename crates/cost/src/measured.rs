//! What was measured, and what is taken for granted where nothing was.

/// Bytes of an event's JSON, the mean of the simulator's.
pub const EVENT_BYTES: f64 = 366.0;

/// How much of an event's JSON is left in a zstd-compressed record, by how many
/// events the record holds. Of the producer's own records, 298,440 simulated
/// events of 30,000 users: `simulate --events 300000 --users 30000 --days 1
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
/// What KPL aggregation adds to an event and to a record, in bytes.
pub const AGGREGATED: (f64, f64) = (8.0, 32.0);
/// What the partition key adds to an event that is a record of its own.
pub const KEYED: f64 = 9.0;

/// Nanoseconds that the transform takes for an event on one core
/// (docs/adr/0002-hot-path.md): aggregated and compressed, with raw and without.
pub const TRANSFORM_NS: (f64, f64) = (1_063.0, 725.0);
/// The same for an event a record, not compressed.
pub const TRANSFORM_PLAIN_NS: (f64, f64) = (1_074.0, 623.0);
/// Nanoseconds that compaction takes for an event, at 16 million in a bucket
/// (docs/adr/0004-compaction.md); less in smaller ones.
pub const COMPACT_NS: f64 = 640.0;
/// Nanoseconds that dividing a date adds for an event: what 16 million rows in 64
/// buckets take, 910, beyond 4 million in one, 420; less in fewer (the same).
pub const SPLIT_NS: f64 = 490.0;
/// Nanoseconds of all cores together that the marts take for an event of the date, with
/// no earlier dates behind it (docs/adr/0007-marts.md): 420 of fifteen marts, measured
/// (`cargo xtask bench marts`: 420 at a million, 360 at four, 400 at sixteen); and 180 for
/// the three that came later, which by hand took 0.65 CPU s over the views of four million
/// events, some 160 an event.
pub const MARTS_NS: f64 = 600.0;
/// Rows of a bucket, of which there are as many as the next power of two.
pub const BUCKET_ROWS: f64 = 8_000_000.0;
/// How much one chunk of a split has (`CompactSettings` of crates/compaction): rows of the
/// date, or bytes read for them.
pub const SPLIT_CHUNK: (f64, f64) = (1_310_720.0, 1_073_741_824.0);
/// How many chunks a part of a split has, at the most.
pub const PART_CHUNKS: f64 = 16.0;
/// Rows that one read fetches.
pub const ROW_GROUP: f64 = 131_072.0;

/// What of an event's JSON is left in each zone (the demo's lake, a million
/// events): raw, processed, and all curated tables.
pub const RAW: f64 = 0.137;
/// See [`RAW`].
pub const PROCESSED: f64 = 0.144;
/// See [`RAW`].
pub const CURATED: f64 = 0.110;
/// What of a refused unit's JSON is left in quarantine, whose objects are small.
pub const QUARANTINE: f64 = 3.2;

/// What the envelope of Lambda's JSON adds to a record.
pub const ENVELOPE: f64 = 520.0;
/// What a payload of Lambda may weigh.
pub const PAYLOAD: f64 = 6.0 * 1_048_576.0;
/// Records of a batch at most.
pub const BATCH_RECORDS: f64 = 10_000.0;
/// Memory that comes with one processor, in MB.
pub const CORE_MB: f64 = 1_769.0;

/// Not measured: how much slower than the measurements' a Lambda's processor is.
pub const SLOWER: f64 = 1.5;
/// Not measured: seconds of a call of S3.
pub const S3_SECONDS: f64 = 0.025;
/// Calls that a batch waits for, one after the other: has it a receipt, is the
/// catalogue another, its objects (side by side), its receipt.
pub const BATCH_WAITS: f64 = 4.0;
/// Not measured: bytes that a function reads or writes in a second.
pub const LAMBDA_IO: f64 = 75e6;
/// Not measured: seconds that a step of the day takes beside its work.
pub const STEP_SECONDS: f64 = 0.5;
/// Not measured: nanoseconds of all cores that the checks take for an event. They
/// read events and facts as the marts do, some of them twice.
pub const CHECKS_NS: f64 = 1_000.0;
/// Not measured: how much of its processors a run of the marts uses.
pub const MARTS_BUSY: f64 = 0.5;
/// Not measured: of how many earlier dates the batches of a day bring events, a few
/// in each batch.
pub const LATE_DATES: f64 = 3.0;
/// Not measured: bytes of logs and metrics that a call writes.
pub const LOG_BYTES: f64 = 2_048.0;
/// Not measured: requests to S3 that call KMS, where the bucket has a key.
pub const KMS_SHARE: f64 = 0.01;
