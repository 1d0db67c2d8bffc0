//! Errors that are the user's to mend.

/// What is wrong with what the user gave, and what to do about it, in a
/// sentence. The binary answers it with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);
