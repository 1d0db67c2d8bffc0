//! Checks that the lake contains every producer number.

use std::num::TryFromIntError;

/// The producer numbers, from 1, and those found in the lake.
#[derive(Debug, Default)]
pub(super) struct ProducerGapCheck {
    /// `"producer":{"id":…,"seq":`, as in the units.
    number_prefix: Vec<u8>,
    last_number: u64,
    /// One bit per number; bit 0 of the first byte stands for number 1.
    found: Vec<u8>,
    present: u64,
    /// Repeated or unknown numbers, and events without one.
    wrong: u64,
    /// Rejected units without a readable number.
    unnumbered: u64,
}

impl ProducerGapCheck {
    /// Creates the check for a producer that assigned the numbers 1 to `last_number`.
    ///
    /// # Errors
    /// When there are more numbers than the address space has bits.
    pub(super) fn new(producer_id: &str, last_number: u64) -> Result<Self, TryFromIntError> {
        let id = serde_json::Value::from(producer_id);
        Ok(Self {
            number_prefix: format!(r#""producer":{{"id":{id},"seq":"#).into_bytes(),
            last_number,
            found: vec![0; usize::try_from(last_number.div_ceil(8))?],
            present: 0,
            wrong: 0,
            unnumbered: 0,
        })
    }

    /// Adds an event with its number.
    pub(super) fn event(&mut self, number: Option<i64>) {
        match number.and_then(|number| u64::try_from(number).ok()) {
            Some(number) => self.add(number),
            None => self.wrong += 1,
        }
    }

    /// Adds a rejected unit. Its number is read from its bytes if possible.
    pub(super) fn rejected(&mut self, unit: &[u8]) {
        match self.number_in(unit) {
            Some(number) => self.add(number),
            None => self.unnumbered += 1,
        }
    }

    fn add(&mut self, number: u64) {
        let index = number.wrapping_sub(1);
        let bit = 1 << (index % 8);
        let byte = usize::try_from(index / 8)
            .ok()
            .and_then(|byte| self.found.get_mut(byte));
        match byte {
            Some(byte) if index < self.last_number && *byte & bit == 0 => {
                *byte |= bit;
                self.present += 1;
            }
            _ => self.wrong += 1,
        }
    }

    fn number_in(&self, unit: &[u8]) -> Option<u64> {
        let prefix = &self.number_prefix;
        let start = unit
            .windows(prefix.len())
            .position(|window| window == prefix)?;
        let digits = unit.get(start + prefix.len()..)?;
        let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
        str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
    }

    /// Returns the number of missing producer numbers.
    pub(super) fn missing(&self) -> u64 {
        self.last_number - self.present
    }

    /// Returns the number of rejected units without a readable number. They explain
    /// as many missing numbers.
    pub(super) fn unnumbered(&self) -> u64 {
        self.unnumbered
    }

    /// Returns the number of repeated numbers, unknown numbers and events without a
    /// number.
    pub(super) fn wrong(&self) -> u64 {
        self.wrong
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use marquee_producer::{Numbering, OutgoingEvent};

    use super::*;

    #[test]
    fn only_a_unit_without_a_number_explains_a_gap() {
        let mut gaps = ProducerGapCheck::new("demo-1", 11).unwrap();
        for number in [1, 2, 3, 4, 5, 6, 8, 9, 10] {
            gaps.event(Some(number));
        }
        assert_eq!((gaps.missing(), gaps.unnumbered(), gaps.wrong()), (2, 0, 0));
        gaps.rejected(b"<html>");
        gaps.rejected(br#"{"producer":{"id":"demo-1","seq":11},"event_id"#);
        assert_eq!((gaps.missing(), gaps.unnumbered(), gaps.wrong()), (1, 1, 0));
    }

    #[test]
    fn repeated_and_unknown_numbers_are_wrong() {
        let mut gaps = ProducerGapCheck::new("demo-1", 9).unwrap();
        for number in [Some(9), Some(9), Some(0), Some(10), Some(-1), None] {
            gaps.event(number);
        }
        assert_eq!((gaps.missing(), gaps.wrong()), (8, 5));
    }

    #[test]
    fn the_number_is_read_in_the_producers_format() {
        let id = "a \"quoted\" id";
        let mut numbering = Numbering::new(id).unwrap();
        let mut gaps = ProducerGapCheck::new(id, 2).unwrap();
        for body in [&b"{\"event_id\":\"trunc"[..], b"{\xff"] {
            let unit = numbering.number(OutgoingEvent {
                user_id: String::new(),
                arrives_at_ms: None,
                body: body.to_vec(),
                numbered: true,
            });
            gaps.rejected(&unit);
        }
        assert_eq!((gaps.missing(), gaps.unnumbered()), (0, 0));
    }
}
