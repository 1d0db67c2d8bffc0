//! The console of the command-line programs: pages on standard output, notes and
//! errors on standard error, and the parsers of numbers and directories.
//!
//! A closed pipe is success, not an error: `marquee query … | head` and
//! `marquee run … | true` exit with the code of the command itself.

mod directory;
mod escape;
mod number;

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

pub use directory::{check_directory, directory_parser};
pub use escape::{escape_control, escape_control_in_json, escape_control_in_lines};
pub use number::{ParseNumberError, count_in, parse_count, parse_number};

/// Writes a page to standard output. Treats a closed pipe as success.
///
/// # Errors
/// Any other error of writing, such as a full disk.
pub fn print(page: impl Display) -> io::Result<()> {
    let mut out = Output::open();
    let written = write!(out, "{page}").and_then(|()| out.flush());
    out.finish(written)
}

/// Writes a note to standard error, of one line or more. Escapes control characters, because
/// an error can quote an event. Ignores an error of writing, because no other channel is left
/// to report it.
pub fn note(lines: impl Display) {
    let lines = escape_control_in_lines(&lines.to_string());
    writeln!(io::stderr().lock(), "{lines}").unwrap_or_default();
}

/// Formats an error and its causes as `error: cause: cause`. Omits a cause that
/// the text already contains, because many errors display their source.
pub fn format_error(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Buffered standard output that remembers its first write error, for commands
/// that write while they produce.
///
/// A command stops at the first error, whatever error type its code turns it into.
/// [`Output::finish`] then separates a closed pipe from other errors.
pub struct Output {
    out: BufWriter<StdoutLock<'static>>,
    error: Option<io::Error>,
}

impl Output {
    /// Locks standard output.
    pub fn open() -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            error: None,
        }
    }

    /// Returns the final result of a command that wrote to this output and ended
    /// with `result`. Treats a closed pipe as success.
    ///
    /// # Errors
    /// The write error if there was one, otherwise the error of `result`.
    pub fn finish<E: From<io::Error>>(&mut self, result: Result<(), E>) -> Result<(), E> {
        match self.error.take() {
            None => result,
            Some(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Some(error) => Err(error.into()),
        }
    }

    fn remember_error<T>(&mut self, written: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &written
            && error.kind() != ErrorKind::Interrupted
        {
            let text = format!("cannot write to standard output: {error}");
            self.error = Some(io::Error::new(error.kind(), text));
        }
        written
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.remember_error(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.remember_error(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open it: {0}")]
    struct Named(#[from] io::Error);

    #[test]
    fn format_error_omits_a_repeated_cause() {
        let disk_error = || io::Error::other("the disk is on fire");
        let with_cause = anyhow::Error::from(Named(disk_error()));
        assert_eq!(
            format_error(&with_cause),
            "cannot open it: the disk is on fire"
        );
        let with_context = with_cause.context("nothing was sent");
        assert_eq!(
            format_error(&with_context),
            "nothing was sent: cannot open it: the disk is on fire"
        );
        let without_cause = anyhow::Error::from(disk_error()).context("cannot print");
        assert_eq!(
            format_error(&without_cause),
            "cannot print: the disk is on fire"
        );
    }
}
