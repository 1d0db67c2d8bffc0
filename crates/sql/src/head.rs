//! The comment lines that a file begins with.

use thiserror::Error;

/// A file whose head cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}.sql{}: {fault}", line.map_or_else(String::new, |line| format!(", line {line}")))]
pub struct HeadError {
    /// The file's name without `.sql`.
    pub file: String,
    /// The line at fault, from 1; none when a line is missing.
    pub line: Option<usize>,
    /// What is wrong and what to write instead.
    pub fault: String,
}

/// A file's head, as far as it was read.
pub(crate) struct Head<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Head<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// The comment lines, from 1, without their dashes.
    fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        (1..)
            .zip(self.text.lines())
            .map_while(|(number, line)| Some((number, line.strip_prefix("--")?.trim())))
    }

    /// What the head says in words.
    pub(crate) fn words(&self, names: &[&str]) -> String {
        let is_setting = |line: &str| {
            line.split_once(':')
                .is_some_and(|(name, _)| names.contains(&name.trim()))
        };
        let words: Vec<&str> = self
            .lines()
            .map(|(_, line)| line)
            .filter(|line| !line.is_empty() && !is_setting(line))
            .collect();
        words.join(" ")
    }

    /// The value of `name:`, if there is one, understood by `parse`.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        choices: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, HeadError> {
        let mut found = None;
        for (line, text) in self.lines() {
            let Some((key, value)) = text.split_once(':') else {
                continue;
            };
            if key.trim() != name {
                continue;
            }
            if found.is_some() {
                return Err(self.fault(Some(line), format!("`{name}` was there before")));
            }
            let parsed = parse(value.trim()).ok_or_else(|| {
                let fault = format!("`{name}` is {:?}, but must be {choices}", value.trim());
                self.fault(Some(line), fault)
            })?;
            found = Some(parsed);
        }
        Ok(found)
    }

    /// As [`Head::optional`], for what every file must say.
    pub(crate) fn needed<T>(
        &self,
        name: &str,
        choices: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, HeadError> {
        self.optional(name, choices, parse)?.ok_or_else(|| {
            let fault = format!("its head must have a line `-- {name}: …`, {choices}");
            self.fault(None, fault)
        })
    }

    pub(crate) fn fault(&self, line: Option<usize>, fault: String) -> HeadError {
        HeadError {
            file: self.file.to_owned(),
            line,
            fault,
        }
    }
}

/// `N days` or `1 day`.
pub(crate) fn days(text: &str) -> Option<u32> {
    let (number, unit) = text.split_once(' ')?;
    matches!(unit, "day" | "days").then(|| number.parse().ok())?
}
