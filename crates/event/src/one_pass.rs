//! The fast path: reads a typical event in one pass.
//!
//! It applies if every known field occurs at most once and is valid, without escapes and
//! `null`. Then each value is checked and stored as the scanner reaches it. All other units
//! go to the slow path of [`crate::parse`], which reports faults in their order. A property
//! test checks that both paths return the same event.

use marquee_json::{Keys, Scanner, SyntaxError};

use crate::event::EventType;
use crate::fields::{Event, FIELDS, Field};
use crate::parse::Parser;
use crate::read::extra_of;

/// A set of fields, one bit for each.
pub(crate) type Set = u32;

/// The fields that an event of each type needs, by their places in [`FIELDS`].
const NEEDS: [Set; EventType::ALL.len()] = {
    let mut needs = [0; EventType::ALL.len()];
    let mut index = 0;
    while index < needs.len() {
        let mut field = 0;
        while field < FIELDS.len() {
            if FIELDS[field].needed_by.has(EventType::ALL[index]) {
                needs[index] |= 1 << field;
            }
            field += 1;
        }
        index += 1;
    }
    needs
};

/// The fields that an object needs, by their places in it.
pub(crate) const fn needed_of(fields: &[Field]) -> Set {
    let mut needed = 0;
    let mut field = 0;
    while field < fields.len() {
        if fields[field].needed_by.is_all() {
            needed |= 1 << field;
        }
        field += 1;
    }
    needed
}

/// Returns `true` if `seen` contains every needed field.
pub(crate) const fn has_all(seen: Set, needed: Set) -> bool {
    needed & !seen == 0
}

/// The fast path does not apply: parse with the full parser.
pub(crate) struct NeedsSlowPath;

impl From<SyntaxError> for NeedsSlowPath {
    fn from(_: SyntaxError) -> Self {
        Self
    }
}

impl Parser {
    /// Parses the unit into a blank event if the fast path applies. Otherwise `event` is
    /// unspecified.
    #[inline(always)]
    pub(crate) fn parse_fast<'a>(
        &mut self,
        text: &'a str,
        event: &mut Event<'a>,
    ) -> Result<(), NeedsSlowPath> {
        let Self { keys, nested } = self;
        let mut scanner = Scanner::new(text);
        if scanner.peek() != b'{' {
            return Err(NeedsSlowPath);
        }
        let mut seen: Set = 0;
        let mut extra = Vec::new();
        scanner.known_members(keys, |scanner, place, key_start| {
            let Some(place) = place else {
                scanner.likely_value()?;
                extra.push(scanner.slice(key_start, scanner.position()));
                return Ok(());
            };
            once(&mut seen, place)?;
            event.read_fast(place, scanner, nested)
        })?;
        scanner.end()?;
        let needs = found(NEEDS.get(event.event_type as usize))?;
        if seen & needs != *needs {
            return Err(NeedsSlowPath);
        }
        if !extra.is_empty() {
            event.extra = extra_of(&extra, &[], &[]).map_err(|_| NeedsSlowPath)?;
        }
        Ok(())
    }
}

/// Passes the schema version, which must be the supported one.
#[inline(always)]
pub(crate) fn schema_version(scanner: &mut Scanner<'_>) -> Result<(), NeedsSlowPath> {
    match scanner.short_integer() {
        Some(version) if version == i64::from(crate::SCHEMA_VERSION) => Ok(()),
        _ => Err(NeedsSlowPath),
    }
}

/// Reads an object whose members are all known and occur once. Returns the members that it
/// has.
#[inline(always)]
pub(crate) fn members<'a, const N: usize>(
    scanner: &mut Scanner<'a>,
    keys: &mut Keys<N>,
    mut each: impl FnMut(&mut Scanner<'a>, usize) -> Result<(), NeedsSlowPath>,
) -> Result<Set, NeedsSlowPath> {
    if scanner.peek() != b'{' {
        return Err(NeedsSlowPath);
    }
    let mut seen = 0;
    scanner.known_members(keys, |scanner, place, _| {
        let place = found(place)?;
        once(&mut seen, place)?;
        each(scanner, place)
    })?;
    Ok(seen)
}

/// Adds a field to `seen`. A repeated field needs the slow path.
#[inline(always)]
fn once(seen: &mut Set, place: usize) -> Result<(), NeedsSlowPath> {
    let field = 1 << place;
    match *seen & field {
        0 => {
            *seen |= field;
            Ok(())
        }
        _ => Err(NeedsSlowPath),
    }
}

#[inline(always)]
pub(crate) fn found<T>(value: Option<T>) -> Result<T, NeedsSlowPath> {
    value.ok_or(NeedsSlowPath)
}

/// Reads a string without escapes.
#[inline(always)]
pub(crate) fn word<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, NeedsSlowPath> {
    found(scanner.plain_string())
}
