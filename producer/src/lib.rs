//! Sends behavioural events to Kinesis or to an embedded stream, and simulates
//! a streaming service that has some.
//!
//! ```text
//! source ─▶ Producer::give ─▶ number ─▶ aggregate, compress ─▶ batch ─▶ pace ─▶ Target
//!            (waits while full)                                          ▲  partial failures
//!                                                                        └──── retry
//! ```
//!
//! - A source gives [`Outgoing`]s: the [`simulate`] module, the files of
//!   [`input`], or your own.
//! - [`Producer`] takes them, in bounded memory, and ends with a [`Summary`] in
//!   which every event given is acknowledged or given up. [`feed`] drives one
//!   from an iterator.
//! - [`Target`] is where records go: [`LocalTarget`], with the feature
//!   `kinesis` a `KinesisTarget`, or your own.
//! - The stages between are pure and public: [`Numbering`], [`Aggregator`],
//!   [`Batcher`], [`Rate`]. Driven on a virtual clock they give the same
//!   records for the same events.
//!
//! ```no_run
//! # use marquee_producer::{LocalTarget, Outgoing, Producer, SendSettings};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let target = LocalTarget::open("stream".as_ref(), std::num::NonZeroU32::MIN)?;
//! let producer = Producer::start(std::sync::Arc::new(target), SendSettings::new("gateway-7"))?;
//! producer.give(Outgoing {
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
pub mod catalogue;
mod count;
mod deliver;
mod feed;
pub mod input;
mod number;
mod outgoing;
mod pace;
mod record;
mod retry;
mod send;
pub mod simulate;
mod target;

pub use aggregate::{AggregateSettings, Aggregator, TooLarge, bucket_of};
pub use batch::{Batcher, RequestLimits};
pub use count::{Progress, Summary, Tally};
pub use feed::{Fed, Stop, feed};
pub use marquee_codec::Compression;
pub use number::{BadProducerId, Numbering};
pub use outgoing::Outgoing;
pub use pace::{Rate, ShardPace};
pub use record::{PUT_UNIT_BYTES, PutRecord};
pub use retry::RetrySettings;
pub use send::{Clock, Producer, SendSettings, Stopped};
#[cfg(feature = "kinesis")]
pub use target::KinesisTarget;
pub use target::{LocalTarget, RecordFailure, Target, TargetError};
