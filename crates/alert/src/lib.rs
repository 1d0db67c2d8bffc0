//! A failure, into words a person can act on.
//!
//! ```text
//! what is reported ─▶ report ─▶ incident ─▶ message ─▶ topic
//!                     parsed    what it is  words      after a look at what
//!                                                      people know: window
//! ```
//!
//! - [`report`] reads the four kinds of input, and everything else;
//!   [`incident`] is what it was.
//! - [`message`] says it: what failed, for what, since when, how bad, what to do.
//!   [`runbook`] has the headings of `docs/OPERATIONS.md`.
//! - [`window`] keeps in the lake what people know, so that one incident is one
//!   message; [`handler`] puts it together.
//!
//! Reading and wording are pure. [`topic::Topic`] and [`clock::Clock`] are the
//! ports.
//!
//! # One incident, one message
//! An incident has a fingerprint: what, which step, which date. Within the window
//! the same one is counted and not sent.
//!
//! What fails is reported three times: by the step that caught it, by EventBridge
//! when its execution has ended, by an alarm when the metric has come. The first
//! is told, and settles the others. A date that is held, or an audit that does not
//! balance, settles only that its execution fails in the end by its own decision,
//! not an error of Step Functions itself. An execution whose own alert of something
//! could not be sent ends as `Marquee.Untold`, which nothing settles.
//!
//! An alarm that is over is told once, and begins anew after that, whatever the
//! window.

pub mod arn;
pub mod cause;
pub mod clock;
pub mod handler;
pub mod incident;
pub mod message;
mod page;
pub mod report;
pub mod runbook;
pub mod topic;
pub mod window;

pub use clock::{Clock, SystemClock};
pub use handler::{Alert, AlertError, Answer, Settings};
pub use message::Message;
pub use topic::{Topic, TopicError};
