//! AWS SDK adapters that implement the ports of the other crates. This crate holds
//! nothing else.
//!
//! - [`S3Store`] implements `object_store::ObjectStore` over aws-sdk-s3.
//! - `GlueCatalog` (feature `glue`) implements the table catalog of curated tables.
//! - `SnsTopic` (feature `sns`) implements the topic for alerts.
//! - `DataApi` (feature `redshift`) implements the warehouse.
//!
//! A process loads one [`SdkConfig`] with [`sdk_config`] and builds every client from
//! it. All clients then share one credential chain, TLS stack, retry policy and
//! endpoint.

#[cfg(feature = "glue")]
mod glue;
#[cfg(feature = "redshift")]
mod redshift;
mod s3;
#[cfg(any(feature = "glue", feature = "redshift", feature = "sns"))]
mod sdk_error;
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

/// Time until the first byte of a response. The SDK sets no bound, so one hanging
/// call would use up its Lambda's time. The SDK retries a call that exceeds this
/// bound.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Loads the region, credentials, retry settings and endpoint as every AWS tool does:
/// from the environment, the profile, or the role of the container or instance.
///
/// `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`, …) redirects the calls. Defaults are
/// those of the newest behavior version that the SDK in `Cargo.lock` knows.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .load()
        .await
}
