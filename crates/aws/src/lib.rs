//! Adapters over the AWS SDK for the ports of the other crates, and nothing
//! else.
//!
//! [`S3Store`] is object storage: `object_store::ObjectStore` over aws-sdk-s3.
//! `GlueCatalog` (feature `glue`) is the day's catalogue of published tables,
//! `SnsTopic` (feature `sns`) the topic that alerts go to, `DataApi` (feature
//! `redshift`) the warehouse.
//! A process loads one [`SdkConfig`] ([`sdk_config`]) and makes every client
//! from it, so that one credential chain, one TLS stack, one retry policy and
//! one endpoint serve the whole of it.

#[cfg(feature = "glue")]
mod glue;
#[cfg(feature = "redshift")]
mod redshift;
#[cfg(any(feature = "glue", feature = "redshift", feature = "sns"))]
mod refusal;
mod s3;
#[cfg(feature = "sns")]
mod sns;

use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

#[cfg(feature = "glue")]
pub use crate::glue::GlueCatalog;
#[cfg(feature = "redshift")]
pub use crate::redshift::DataApi;
pub use crate::s3::{S3Failure, S3Store};
#[cfg(feature = "sns")]
pub use crate::sns::SnsTopic;

/// How long an answer may take to begin. The SDK itself sets no bound, and one
/// call that hangs would use up its Lambda; with one, it is retried.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads region, credentials, retries and endpoint the way every AWS tool
/// does: environment, profile, the container's or instance's role.
///
/// `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`, …) sends the calls elsewhere.
/// The defaults are the newest that the SDK in `Cargo.lock` knows.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .load()
        .await
}
