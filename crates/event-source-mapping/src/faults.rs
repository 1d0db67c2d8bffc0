//! Faults on purpose, from a seed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{Function, InvokeError};

/// Which faults to make, and how often. What happens to an invocation depends
/// on the seed, its payload and how often that payload has come: not on which
/// shard is faster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Another seed, other faults.
    pub seed: u64,
    /// The share of invocations that fail before any work is done, 0 to 1.
    pub fail_before: f64,
    /// The share whose work is done and whose answer is lost, 0 to 1.
    pub fail_after: f64,
    /// The share whose work is done and whose answer says that it failed from
    /// some record on, 0 to 1.
    pub partial: f64,
    /// How many faults one payload meets at most.
    pub most: u32,
}

/// What is to happen to an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    FailBefore,
    FailAfter,
    /// Fails from a record on, chosen by this number.
    Partial(u64),
}

/// A function that meets [`Faults`].
#[derive(Debug)]
pub struct Faulty<F> {
    function: F,
    faults: Faults,
    /// How often a payload, by its hash, met a fault.
    met: Mutex<HashMap<u64, u32>>,
}

impl<F: Function> Faulty<F> {
    /// Lets `function` meet `faults`.
    pub fn new(function: F, faults: Faults) -> Self {
        Self {
            function,
            faults,
            met: Mutex::default(),
        }
    }

    fn fate(&self, payload: &[u8]) -> Fate {
        let hash = xxh3_64_with_seed(payload, self.faults.seed);
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let met = met.entry(hash).or_default();
        let fate = self.faults.fate(hash, *met);
        *met += u32::from(fate != Fate::Good);
        fate
    }
}

impl Faults {
    fn fate(&self, payload: u64, met: u32) -> Fate {
        if met >= self.most {
            return Fate::Good;
        }
        let draw = |what: u64| {
            xxh3_64_with_seed(
                &[payload, met.into(), what].map(u64::to_le_bytes).concat(),
                self.seed,
            )
        };
        // The upper 53 bits are a number from 0 to 1 in f64.
        let mut number = (draw(0) >> 11) as f64 / (1_u64 << 53) as f64;
        for (share, fate) in [
            (self.fail_before, Fate::FailBefore),
            (self.fail_after, Fate::FailAfter),
            (self.partial, Fate::Partial(draw(1))),
        ] {
            if number < share {
                return fate;
            }
            number -= share;
        }
        Fate::Good
    }
}

#[async_trait]
impl<F: Function> Function for Faulty<F> {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let fate = self.fate(&payload);
        if fate == Fate::FailBefore {
            return Err(InvokeError(
                "a fault on purpose, before the work".to_owned(),
            ));
        }
        let answer = self.function.invoke(payload.clone()).await?;
        match fate {
            Fate::FailAfter => Err(InvokeError("a fault on purpose, after the work".to_owned())),
            Fate::Partial(choice) if says_success(&answer) => {
                Ok(partial_answer(&payload, choice).unwrap_or(answer))
            }
            _ => Ok(answer),
        }
    }
}

fn says_success(answer: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(answer).is_ok_and(|answer| {
        answer["batchItemFailures"]
            .as_array()
            .is_none_or(Vec::is_empty)
    })
}

/// Says that the payload's records failed from one on.
fn partial_answer(payload: &[u8], choice: u64) -> Option<Bytes> {
    const BEFORE: &str = "\"sequenceNumber\":\"";
    let payload = str::from_utf8(payload).ok()?;
    let numbers: Vec<_> = payload
        .match_indices(BEFORE)
        .filter_map(|(at, _)| payload.get(at + BEFORE.len()..)?.split('"').next())
        .collect();
    let chosen = choice.checked_rem(numbers.len() as u64)?;
    let number = numbers.get(usize::try_from(chosen).ok()?)?;
    let answer = serde_json::json!({"batchItemFailures": [{"itemIdentifier": number}]});
    Some(Bytes::from(answer.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULTS: Faults = Faults {
        seed: 7,
        fail_before: 0.2,
        fail_after: 0.1,
        partial: 0.3,
        most: 3,
    };

    #[test]
    fn come_in_their_shares() {
        let mut counts = [0; 4];
        for payload in 0..10_000 {
            counts[match FAULTS.fate(payload, 0) {
                Fate::FailBefore => 0,
                Fate::FailAfter => 1,
                Fate::Partial(_) => 2,
                Fate::Good => 3,
            }] += 1;
        }
        for (count, expected) in counts.into_iter().zip([2000, 1000, 3000, 4000]) {
            assert!(
                (expected - 200..expected + 200).contains(&count),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn are_the_seeds_and_end() {
        let fates = |seed| {
            let faults = Faults { seed, ..FAULTS };
            (0..100)
                .map(|payload| faults.fate(payload, 0))
                .collect::<Vec<_>>()
        };
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
        let always = Faults {
            fail_before: 1.0,
            ..FAULTS
        };
        assert_eq!(always.fate(0, 2), Fate::FailBefore);
        assert_eq!(always.fate(0, 3), Fate::Good);
    }

    #[test]
    fn a_partial_answer_names_a_record() {
        let payload = br#"{"Records":[{"kinesis":{"sequenceNumber":"1"}},{"kinesis":{"sequenceNumber":"2"}}]}"#;
        for (choice, number) in [(4, "1"), (5, "2")] {
            let expected =
                format!("{{\"batchItemFailures\":[{{\"itemIdentifier\":\"{number}\"}}]}}");
            assert_eq!(partial_answer(payload, choice), Some(Bytes::from(expected)));
        }
        assert_eq!(partial_answer(b"{}", 1), None);
    }
}
