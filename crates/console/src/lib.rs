//! What a program tells people: pages on standard output, notes and errors on
//! standard error.
//!
//! Neither need have a reader: `marquee query … | head` and `marquee run … | true`
//! end as if all had been read.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

/// Writes a page to standard output, whether or not somebody reads it to its end.
///
/// # Errors
/// When it cannot be written for another reason: a full disk.
pub fn print(page: impl Display) -> io::Result<()> {
    let mut out = Output::open();
    let written = write!(out, "{page}").and_then(|()| out.flush());
    out.settle(written)
}

/// Writes a line to standard error. Where that cannot be done, nobody is there to
/// be told.
pub fn note(line: impl Display) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}

/// The error and what caused it, in a sentence. Many an error names its cause
/// itself; that is not said twice.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !sentence.contains(&cause) {
            sentence.push_str(": ");
            sentence.push_str(&cause);
        }
    }
    sentence
}

/// Standard output for what is written as it is made, and need not be made for a
/// reader who has seen enough. [`Output::settle`] tells what came of it.
pub struct Output {
    out: BufWriter<StdoutLock<'static>>,
    fault: Option<io::Error>,
}

impl Output {
    /// Takes standard output.
    pub fn open() -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            fault: None,
        }
    }

    /// What came of `outcome`, to which writing may have led, whatever was made of
    /// a failure on the way: all is well where the reader has gone.
    ///
    /// # Errors
    /// Why it could not be written; else that of `outcome`.
    pub fn settle<E: From<io::Error>>(&mut self, outcome: Result<(), E>) -> Result<(), E> {
        match self.fault.take() {
            None => outcome,
            Some(fault) if fault.kind() == ErrorKind::BrokenPipe => Ok(()),
            Some(fault) => Err(fault.into()),
        }
    }

    fn watched<T>(&mut self, written: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &written
            && error.kind() != ErrorKind::Interrupted
        {
            let sentence = format!("cannot write to standard output: {error}");
            self.fault = Some(io::Error::new(error.kind(), sentence));
        }
        written
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.watched(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.watched(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open it: {0}")]
    struct Named(#[from] io::Error);

    #[test]
    fn a_cause_is_said_once() {
        let refused = || io::Error::other("the disk is on fire");
        let named = anyhow::Error::from(Named(refused()));
        assert_eq!(sentence(&named), "cannot open it: the disk is on fire");
        let around = named.context("nothing was sent");
        assert_eq!(
            sentence(&around),
            "nothing was sent: cannot open it: the disk is on fire"
        );
        let bare = anyhow::Error::from(refused()).context("cannot print");
        assert_eq!(sentence(&bare), "cannot print: the disk is on fire");
    }
}
