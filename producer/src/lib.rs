//! A producer of behavioural events for Kinesis or an embedded stream, with a
//! simulator of a streaming service.
//!
//! ```text
//! source ─▶ Producer::send ─▶ number ─▶ aggregate, compress ─▶ batch ─▶ rate limit ─▶ Target
//!            (backpressure)                                                ▲  partial failures
//!                                                                          └──── retry
//! ```
//!
//! - A source yields [`OutgoingEvent`]s: the [`simulate`] module, the files of
//!   [`input`], or the caller's own code.
//! - [`Producer`] sends them in bounded memory. Its [`SendSummary`] accounts for
//!   every accepted event as acknowledged or failed. [`feed`] drives a producer from
//!   an iterator.
//! - [`Target`] is the port to a stream: [`LocalTarget`], `KinesisTarget` (with the
//!   feature `kinesis`), or the caller's own.
//! - The stages between them are public and pure: [`Numbering`], [`Aggregator`],
//!   [`Batcher`], [`RateLimiter`]. On a virtual clock they are deterministic: the same
//!   events give the same records.
//!
//! ```no_run
//! # use marquee_producer::{LocalTarget, OutgoingEvent, Producer, SendSettings};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let target = LocalTarget::open("stream".as_ref(), std::num::NonZeroU32::MIN)?;
//! let producer = Producer::start(std::sync::Arc::new(target), SendSettings::new("gateway-7"))?;
//! producer.send(OutgoingEvent {
//!     user_id: "ann".into(),
//!     arrives_at_ms: None,
//!     body: br#"{"event_type":"play","user_id":"ann"}"#.to_vec(),
//!     numbered: true,
//! }).await?;
//! let summary = producer.finish().await?;
//! assert!(summary.is_complete(), "{summary}");
//! # Ok(())
//! # }
//! ```

mod aggregate;
mod batch;
mod deliver;
mod feed;
pub mod input;
mod numbering;
mod outgoing;
mod rate_limit;
mod record;
mod retry;
pub mod sample;
mod send;
pub mod simulate;
mod summary;
mod target;
pub mod title_catalog;

pub use aggregate::{AggregateSettings, Aggregator, EventTooLarge, bucket_of};
pub use batch::{Batcher, RequestLimits};
pub use feed::{FeedResult, StopFlag, feed};
pub use marquee_codec::Compression;
pub use numbering::{InvalidProducerId, Numbering};
pub use outgoing::OutgoingEvent;
pub use rate_limit::{RateLimiter, ShardRateLimiter};
pub use record::{PUT_UNIT_BYTES, PutRecord};
pub use retry::RetrySettings;
pub use send::{Clock, Producer, ProducerStopped, SendSettings};
pub use summary::{SendProgress, SendSummary, Tally};
#[cfg(feature = "kinesis")]
pub use target::KinesisTarget;
pub use target::{LocalTarget, RecordFailure, Target, TargetError};
