//! An event between its source and the stream.

/// A unit for the stream: an event, or the bytes of a malformed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingEvent {
    /// The event's user, who decides the aggregation bucket and so the partition key.
    /// Empty for a malformed unit without a known user.
    pub user_id: String,
    /// The arrival time at the stream in UTC milliseconds, on the source's virtual
    /// clock; `None` for the current time.
    pub arrives_at_ms: Option<i64>,
    /// The event as JSON, or the bytes of a malformed unit; without a newline. The
    /// event has a `producer` member only if the source's data has one.
    pub body: Vec<u8>,
    /// True if the sender may splice `"producer":{"id":…,"seq":n}` in after the
    /// opening brace.
    pub numbered: bool,
}
