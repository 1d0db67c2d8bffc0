//! A unit on its way from a source to the stream.

/// One unit that a source wants sent: an event, or the broken bytes of what
/// should have been one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Who the event is about; decides the aggregation bucket and so the
    /// partition key. For a broken unit: whatever is known, else "".
    pub user_id: String,
    /// When it reaches the stream, UTC milliseconds, on the source's own
    /// (virtual) clock; `None` = now.
    pub arrives_at_ms: Option<i64>,
    /// The event as JSON, without a `producer` field unless the source brought
    /// one; or the broken bytes of a bad unit. No newline.
    pub body: Vec<u8>,
    /// Whether the sender may splice `"producer":{"id":…,"seq":n}` in after the
    /// opening brace.
    pub numbered: bool,
}
