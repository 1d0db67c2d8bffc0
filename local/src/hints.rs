//! Commands in texts, written so that they can be pasted into a shell.

use std::env;
use std::fmt::Display;
use std::io;
use std::path::{Path, absolute};

use marquee_console as console;

/// The default of `--lake`.
pub(crate) const DEFAULT_LAKE: &str = "lake";
/// The start of a command in a text. The crates below this one know no other name.
const NAME: &str = "marquee ";

/// Returns the command that runs this program again: `cargo run …` if cargo runs it in
/// the workspace, otherwise its path as invoked.
pub(crate) fn program() -> String {
    // `cargo run` sets this variable, installs nothing on the PATH, and works below the
    // workspace's directory only.
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR");
    let workspace = manifest_dir
        .as_deref()
        .and_then(|dir| Path::new(dir).parent());
    if let (Some(workspace), Ok(current)) = (workspace, env::current_dir())
        && current.starts_with(workspace)
    {
        return "cargo run -q -p marquee --".to_owned();
    }
    let invoked = env::args().next();
    quoted(&invoked.unwrap_or_else(|| NAME.trim_end().to_owned()))
}

/// Prints a page with commands on the lake in `lake`.
///
/// # Errors
/// As [`console::print`].
pub(crate) fn print(page: impl Display, lake: &Path) -> io::Result<()> {
    console::print(pasteable(&page.to_string(), lake))
}

/// Rewrites the commands in a text: `marquee day` in backquotes gets the program's name
/// as invoked, and `--lake` unless the lake is the default one.
pub(crate) fn pasteable(text: &str, lake: &Path) -> String {
    rewrite(text, &program(), &lake_option(lake))
}

/// Returns ` --lake DIR`, or nothing for the default lake.
fn lake_option(lake: &Path) -> String {
    let is_default = match (absolute(lake), absolute(DEFAULT_LAKE)) {
        (Ok(lake), Ok(default)) => lake == default,
        _ => lake == Path::new(DEFAULT_LAKE),
    };
    match is_default {
        true => String::new(),
        false => format!(" --lake {}", quoted(&lake.display().to_string())),
    }
}

fn rewrite(text: &str, program: &str, lake_option: &str) -> String {
    let parts = text.split('`').enumerate().map(|(index, part)| {
        let command = (index % 2 == 1).then(|| part.strip_prefix(NAME)).flatten();
        match command {
            Some(command) if !command.contains("--lake") => {
                format!("{program} {command}{lake_option}")
            }
            Some(command) => format!("{program} {command}"),
            None => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// Quotes a word for a shell.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_backquotes_are_rewritten() {
        let text = "marquee run `marquee day 2026-01-05` or `marquee-producer send`; `marquee run \
                    --lake x`, marquee ends";
        assert_eq!(
            rewrite(text, "./marquee", " --lake other"),
            "marquee run `./marquee day 2026-01-05 --lake other` or `marquee-producer send`; \
             `./marquee run --lake x`, marquee ends"
        );
        assert_eq!(rewrite("no command", "./marquee", ""), "no command");
    }

    #[test]
    fn the_default_lake_needs_no_option() {
        assert_eq!(lake_option(Path::new("lake")), "");
        assert_eq!(lake_option(Path::new("./lake")), "");
        assert_eq!(lake_option(Path::new("my lake")), " --lake 'my lake'");
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted("./lake"), "./lake");
        assert_eq!(quoted("my lake"), "'my lake'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
