//! Errors that the user can fix.

/// Invalid input of the user: the problem and its remedy in one sentence. The binary
/// exits with code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);
