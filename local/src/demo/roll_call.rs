//! Whether every event that the producer numbered is in the lake.

/// The producer's numbers, 1 to as many as it gave, and which of them were met.
#[derive(Debug, Default)]
pub(super) struct RollCall {
    /// `"producer":{"id":…,"seq":`, as it stands in the units.
    before_number: Vec<u8>,
    given: u64,
    /// A bit a number; bit 0 of the first byte is number 1.
    met: Vec<u8>,
    present: u64,
    /// Numbers met again, or that the producer never gave.
    wrong: u64,
    /// Refused units in which no number is to be found.
    unnumbered: u64,
}

impl RollCall {
    /// For a producer that gave the numbers up to `given`.
    pub(super) fn new(producer_id: &str, given: u64) -> Self {
        let id = serde_json::Value::from(producer_id);
        Self {
            before_number: format!(r#""producer":{{"id":{id},"seq":"#).into_bytes(),
            given,
            met: vec![0; usize::try_from(given.div_ceil(8)).unwrap_or(0)],
            present: 0,
            wrong: 0,
            unnumbered: 0,
        }
    }

    /// Meets an event with its number.
    pub(super) fn event(&mut self, number: Option<i64>) {
        match number.and_then(|number| u64::try_from(number).ok()) {
            Some(number) => self.meet(number),
            None => self.wrong += 1,
        }
    }

    /// Meets a refused unit, whose number is read from its bytes if it is there.
    pub(super) fn refused(&mut self, unit: &[u8]) {
        match self.number_in(unit) {
            Some(number) => self.meet(number),
            None => self.unnumbered += 1,
        }
    }

    fn meet(&mut self, number: u64) {
        let index = number.wrapping_sub(1);
        let bit = 1 << (index % 8);
        let met = usize::try_from(index / 8)
            .ok()
            .and_then(|byte| self.met.get_mut(byte));
        match met {
            Some(met) if index < self.given && *met & bit == 0 => {
                *met |= bit;
                self.present += 1;
            }
            _ => self.wrong += 1,
        }
    }

    fn number_in(&self, unit: &[u8]) -> Option<u64> {
        let before = &self.before_number;
        let at = unit
            .windows(before.len())
            .position(|window| window == before)?;
        let digits = unit.get(at + before.len()..)?;
        let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
        str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
    }

    /// Numbers that were not met.
    pub(super) fn missing(&self) -> u64 {
        self.given - self.present
    }

    /// Refused units too broken to carry a number: they excuse as many missing
    /// ones.
    pub(super) fn unnumbered(&self) -> u64 {
        self.unnumbered
    }

    /// Numbers met again, events without one, and numbers never given.
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
    fn a_gap_is_excused_by_a_unit_without_a_number_alone() {
        let mut roll = RollCall::new("demo-1", 11);
        for number in [1, 2, 3, 4, 5, 6, 8, 9, 10] {
            roll.event(Some(number));
        }
        assert_eq!((roll.missing(), roll.unnumbered(), roll.wrong()), (2, 0, 0));
        roll.refused(b"<html>");
        roll.refused(br#"{"producer":{"id":"demo-1","seq":11},"event_id"#);
        assert_eq!((roll.missing(), roll.unnumbered(), roll.wrong()), (1, 1, 0));
    }

    #[test]
    fn what_the_producer_never_gave_is_wrong() {
        let mut roll = RollCall::new("demo-1", 9);
        for number in [Some(9), Some(9), Some(0), Some(10), Some(-1), None] {
            roll.event(number);
        }
        assert_eq!((roll.missing(), roll.wrong()), (8, 5));
    }

    #[test]
    fn the_number_is_read_as_the_producer_writes_it() {
        let id = "a \"quoted\" id";
        let mut numbering = Numbering::new(id).unwrap();
        let mut roll = RollCall::new(id, 2);
        for body in [&b"{\"event_id\":\"trunc"[..], b"{\xff"] {
            let unit = numbering.number(OutgoingEvent {
                user_id: String::new(),
                arrives_at_ms: None,
                body: body.to_vec(),
                numbered: true,
            });
            roll.refused(&unit);
        }
        assert_eq!((roll.missing(), roll.unnumbered()), (0, 0));
    }
}
