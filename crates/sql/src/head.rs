//! The head of an SQL file: its leading comment lines.

use thiserror::Error;

/// An invalid head of an SQL file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}.sql{}: {fault}", line.map_or_else(String::new, |line| format!(", line {line}")))]
pub struct HeadError {
    /// The file's name without `.sql`.
    pub file: String,
    /// The line of the fault, from 1; `None` for a missing line.
    pub line: Option<usize>,
    /// The fault and its correction.
    pub fault: String,
}

/// The head of a file.
pub(crate) struct Head<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Head<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Returns the comment lines without their dashes, numbered from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        (1..)
            .zip(self.text.lines())
            .map_while(|(number, line)| Some((number, line.strip_prefix("--")?.trim())))
    }

    /// Returns the lines that are not settings, joined to one paragraph; `names` are the
    /// names of the settings.
    pub(crate) fn prose(&self, names: &[&str]) -> String {
        let is_setting = |line: &str| {
            line.split_once(':')
                .is_some_and(|(name, _)| names.contains(&name.trim()))
        };
        let prose: Vec<&str> = self
            .lines()
            .map(|(_, line)| line)
            .filter(|line| !line.is_empty() && !is_setting(line))
            .collect();
        prose.join(" ")
    }

    /// Parses the value of the optional setting `name`; `choices` describes the valid
    /// values.
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
                return Err(self.fault(Some(line), format!("duplicate setting `{name}`")));
            }
            let parsed = parse(value.trim()).ok_or_else(|| {
                let fault = format!("`{name}` is {:?} but must be {choices}", value.trim());
                self.fault(Some(line), fault)
            })?;
            found = Some(parsed);
        }
        Ok(found)
    }

    /// Parses the value of the required setting `name`, as [`Head::optional`] does.
    pub(crate) fn required<T>(
        &self,
        name: &str,
        choices: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, HeadError> {
        self.optional(name, choices, parse)?.ok_or_else(|| {
            let fault = format!("missing setting: add a line `-- {name}: …` with {choices}");
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

/// Parses `N days` or `1 day`.
pub(crate) fn days(text: &str) -> Option<u32> {
    let (number, unit) = text.split_once(' ')?;
    matches!(unit, "day" | "days").then(|| number.parse().ok())?
}
