//! Alerts: turns failures into messages that say what to do.
//!
//! ```text
//! input ─▶ incident ─▶ message ─▶ topic
//!  parse    classify    write       send, unless the deduplication record
//!                                   says that recipients already know
//! ```
//!
//! - [`input`] parses the four kinds of input and wraps anything else;
//!   [`incident`] holds the result.
//! - [`message`] states what failed, on which date, since when, with which impact,
//!   and what to do. [`runbook`] lists the headings of `docs/OPERATIONS.md`.
//! - [`dedup`] keeps one record per incident in the lake, so that one incident
//!   sends one message. [`handler`] connects the parts.
//!
//! Parsing and formatting are pure. [`topic::Topic`] and [`clock::Clock`] are the
//! ports.
//!
//! # One incident, one message
//! The fingerprint of an incident consists of its kind, step and date. Within the
//! deduplication window, further reports with the same fingerprint are counted and
//! not sent.
//!
//! Up to three sources report one failure: the step that caught it, EventBridge when
//! the execution ends, and a CloudWatch alarm when its metric arrives. The step's
//! report is sent and suppresses the other two. A held date or an unbalanced audit
//! suppresses the end of its execution only if the state machine itself decided to
//! fail, not if Step Functions aborted the execution with an error of its own. An
//! execution that could not deliver an alert ends with `Marquee.Untold`, which is
//! never suppressed.
//!
//! A resolved alarm sends one message. If the alarm starts again, it sends a new
//! message even within the window.

pub mod arn;
pub mod cause;
pub mod clock;
pub mod dedup;
pub mod handler;
pub mod incident;
pub mod input;
pub mod message;
mod message_builder;
pub mod runbook;
pub mod topic;

pub use clock::{Clock, SystemClock};
pub use handler::{AlertError, AlertHandler, AlertResponse, AlertSettings};
pub use message::Message;
pub use topic::{Topic, TopicError};
