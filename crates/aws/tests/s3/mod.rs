//! A bucket on the S3 stand-in, and the store that reads and writes it.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
use marquee_aws::S3Store;
use marquee_s3_stand_in::StandIn;

/// The bucket `lake` on an S3 stand-in.
pub(crate) struct Bucket {
    /// The server.
    pub(crate) s3: StandIn,
}

impl Bucket {
    /// Starts a server with an empty bucket.
    pub(crate) async fn start() -> Self {
        Self {
            s3: StandIn::start(["lake"]).await,
        }
    }

    /// Returns the bucket's store.
    pub(crate) fn store(&self) -> S3Store {
        store_at(self.s3.endpoint(), "lake")
    }
}

/// Returns the store of a bucket at the endpoint. Neither needs to exist.
pub(crate) fn store_at(endpoint: &str, bucket: &str) -> S3Store {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    S3Store::new(Client::from_conf(config), bucket)
}
