//! AWS's prices.

/// The date of the prices.
pub const AS_OF: &str = "2026-11-25";
/// The region of the prices.
pub const REGION: &str = "us-east-1";
/// The hours of a month in AWS's price examples.
pub const HOURS: f64 = 730.0;
/// The days of a month.
pub const DAYS: f64 = HOURS / 24.0;
/// The bytes of a billed gigabyte.
pub const GB: f64 = 1_073_741_824.0;

/// A price and its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// The price of `per` units, in dollars.
    pub dollars: f64,
    /// The number of units that `dollars` pays for.
    pub per: f64,
    /// The billed unit.
    pub unit: &'static str,
    /// The billed item.
    pub item: &'static str,
    /// The title of the price list.
    pub page: &'static str,
    /// The source of the figure.
    pub source: PriceSource,
}

impl Price {
    /// Returns the price of one unit, in dollars.
    pub fn each(&self) -> f64 {
        self.dollars / self.per
    }
}

/// The source of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// Several third parties cite the price list and agree with each other.
    Reported,
    /// From memory, not verified.
    Remembered,
}

const fn price(
    item: &'static str,
    dollars: f64,
    per: f64,
    unit: &'static str,
    page: &'static str,
    source: PriceSource,
) -> Price {
    Price {
        dollars,
        per,
        unit,
        item,
        page,
        source,
    }
}

const MILLION: f64 = 1e6;
const KINESIS: &str = "Amazon Kinesis Data Streams pricing";
const LAMBDA: &str = "AWS Lambda pricing";
const S3: &str = "Amazon S3 pricing";
const CLOUDWATCH: &str = "Amazon CloudWatch pricing";
const KMS: &str = "AWS Key Management Service pricing";
use PriceSource::{Remembered, Reported};

/// A shard of a provisioned stream.
pub const SHARD_HOUR: Price = price("provisioned shard", 0.015, 1.0, "hour", KINESIS, Reported);
/// Each started 25 KB of a record.
pub const PUT_UNIT: Price = price(
    "PUT payload unit",
    0.014,
    MILLION,
    "unit",
    KINESIS,
    Reported,
);
/// A shard's retention of more than one day, up to seven days.
pub const SHARD_HOUR_KEPT: Price = price(
    "shard's extended retention",
    0.020,
    1.0,
    "hour",
    KINESIS,
    Reported,
);
/// An on-demand stream.
pub const STREAM_HOUR: Price = price("on-demand stream", 0.040, 1.0, "hour", KINESIS, Reported);
/// Data written to an on-demand stream, each record rounded up to 1 KB.
pub const STREAM_IN: Price = price("on-demand data in", 0.080, 1.0, "GB", KINESIS, Reported);
/// Data read from an on-demand stream.
pub const STREAM_OUT: Price = price("on-demand data out", 0.040, 1.0, "GB", KINESIS, Reported);
/// An on-demand stream's retention of more than one day, up to seven days.
pub const STREAM_KEPT: Price = price(
    "on-demand extended retention",
    0.100,
    1.0,
    "GB-month",
    KINESIS,
    Remembered,
);
/// A function call.
pub const INVOCATION: Price = price("invocation", 0.20, MILLION, "call", LAMBDA, Reported);
/// A function's memory multiplied by its duration, x86.
pub const GB_SECOND: Price = price(
    "duration, x86",
    0.000_016_666_7,
    1.0,
    "GB-second",
    LAMBDA,
    Reported,
);
/// PUT, COPY, POST and LIST requests.
pub const S3_PUT: Price = price(
    "PUT, COPY, POST, LIST",
    0.005,
    1_000.0,
    "request",
    S3,
    Reported,
);
/// GET and HEAD requests.
pub const S3_GET: Price = price("GET, HEAD", 0.0004, 1_000.0, "request", S3, Reported);
/// S3 Standard storage, the first 50 TB.
pub const S3_STANDARD: Price = price(
    "Standard storage, first 50 TB",
    0.023,
    1.0,
    "GB-month",
    S3,
    Reported,
);
/// S3 Standard-IA storage.
pub const S3_IA: Price = price(
    "Standard-IA storage",
    0.0125,
    1.0,
    "GB-month",
    S3,
    Remembered,
);
/// An object's transition to S3 Standard-IA.
pub const S3_TO_IA: Price = price(
    "transition to Standard-IA",
    0.01,
    1_000.0,
    "transition",
    S3,
    Remembered,
);
/// A state transition of a standard workflow.
pub const TRANSITION: Price = price(
    "state transition, standard",
    0.025,
    1_000.0,
    "transition",
    "AWS Step Functions pricing",
    Reported,
);
/// A request to the Glue Data Catalog.
pub const GLUE_REQUEST: Price = price(
    "Data Catalog request",
    1.0,
    MILLION,
    "request",
    "AWS Glue pricing",
    Reported,
);
/// Data that Athena scans.
pub const ATHENA: Price = price(
    "data scanned",
    5.0,
    1.0,
    "TB",
    "Amazon Athena pricing",
    Reported,
);
/// Log ingestion.
pub const LOGS_IN: Price = price("log ingestion", 0.50, 1.0, "GB", CLOUDWATCH, Reported);
/// Log storage.
pub const LOGS_KEPT: Price = price("log storage", 0.03, 1.0, "GB-month", CLOUDWATCH, Remembered);
/// A custom metric, one of the first 10,000.
pub const METRIC: Price = price(
    "custom metric",
    0.30,
    1.0,
    "metric-month",
    CLOUDWATCH,
    Reported,
);
/// An alarm on one metric, standard resolution.
pub const ALARM: Price = price("alarm", 0.10, 1.0, "alarm-month", CLOUDWATCH, Remembered);
/// A dashboard.
pub const DASHBOARD: Price = price(
    "dashboard",
    3.0,
    1.0,
    "dashboard-month",
    CLOUDWATCH,
    Reported,
);
/// A customer managed key.
pub const KEY: Price = price("customer managed key", 1.0, 1.0, "key-month", KMS, Reported);
/// A KMS request.
pub const KEY_REQUEST: Price = price("request", 0.03, 10_000.0, "request", KMS, Reported);
/// An email notification.
pub const MAIL: Price = price(
    "email notification",
    2.0,
    100_000.0,
    "mail",
    "Amazon SNS pricing",
    Remembered,
);
/// An invocation by a schedule.
pub const SCHEDULE: Price = price(
    "Scheduler invocation",
    1.0,
    MILLION,
    "invocation",
    "Amazon EventBridge pricing",
    Reported,
);

/// A recorded trace.
pub const TRACE: Price = price(
    "trace recorded",
    5.0,
    MILLION,
    "trace",
    "AWS X-Ray pricing",
    Remembered,
);

/// All prices, in the order of the data flow.
pub const ALL: [Price; 27] = [
    SHARD_HOUR,
    PUT_UNIT,
    SHARD_HOUR_KEPT,
    STREAM_HOUR,
    STREAM_IN,
    STREAM_OUT,
    STREAM_KEPT,
    INVOCATION,
    GB_SECOND,
    S3_PUT,
    S3_GET,
    S3_STANDARD,
    S3_IA,
    S3_TO_IA,
    TRANSITION,
    GLUE_REQUEST,
    ATHENA,
    LOGS_IN,
    LOGS_KEPT,
    METRIC,
    ALARM,
    DASHBOARD,
    KEY,
    KEY_REQUEST,
    MAIL,
    SCHEDULE,
    TRACE,
];
