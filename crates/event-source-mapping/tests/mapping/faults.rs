//! Fault injection: a function wrapper that fails at random, from a seed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use marquee_event_source_mapping::{Function, InvokeError};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The rates of injected faults.
///
/// The fault of an invocation is a function of the seed, the payload and the
/// number of faults of that payload so far. It does not depend on the timing of
/// the shards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FaultRates {
    /// The seed of the random choices.
    pub(crate) seed: u64,
    /// The share of invocations that fail before the work, 0 to 1.
    pub(crate) fail_before: f64,
    /// The share of invocations whose work is done and whose response is lost,
    /// 0 to 1.
    pub(crate) fail_after: f64,
    /// The share of invocations whose work is done and whose response reports a
    /// failure from a random record on, 0 to 1.
    pub(crate) partial: f64,
    /// The maximum number of faults for one payload.
    pub(crate) max_per_payload: u32,
}

/// The fault of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InjectedFault {
    None,
    FailBefore,
    FailAfter,
    /// A failure from the record on that this random number selects.
    Partial(u64),
}

/// A function with injected faults.
#[derive(Debug)]
pub(crate) struct FaultyFunction<F> {
    function: F,
    rates: FaultRates,
    /// The number of faults so far, by the payload's hash.
    fault_counts: Mutex<HashMap<u64, u32>>,
}

impl<F: Function> FaultyFunction<F> {
    /// Wraps `function` with faults at `rates`.
    pub(crate) fn new(function: F, rates: FaultRates) -> Self {
        Self {
            function,
            rates,
            fault_counts: Mutex::default(),
        }
    }

    fn next_fault(&self, payload: &[u8]) -> InjectedFault {
        let hash = xxh3_64_with_seed(payload, self.rates.seed);
        let mut counts = self
            .fault_counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(hash).or_default();
        let fault = self.rates.fault(hash, *count);
        *count += u32::from(fault != InjectedFault::None);
        fault
    }
}

impl FaultRates {
    /// Chooses the fault for a payload with this hash and number of faults so far.
    fn fault(&self, payload: u64, faults_so_far: u32) -> InjectedFault {
        if faults_so_far >= self.max_per_payload {
            return InjectedFault::None;
        }
        let draw = |purpose: u64| {
            let input = [payload, faults_so_far.into(), purpose];
            xxh3_64_with_seed(&input.map(u64::to_le_bytes).concat(), self.seed)
        };
        // The upper 53 bits give a uniform f64 in 0..1.
        let mut number = (draw(0) >> 11) as f64 / (1_u64 << 53) as f64;
        for (share, fault) in [
            (self.fail_before, InjectedFault::FailBefore),
            (self.fail_after, InjectedFault::FailAfter),
            (self.partial, InjectedFault::Partial(draw(1))),
        ] {
            if number < share {
                return fault;
            }
            number -= share;
        }
        InjectedFault::None
    }
}

#[async_trait]
impl<F: Function> Function for FaultyFunction<F> {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let fault = self.next_fault(&payload);
        if fault == InjectedFault::FailBefore {
            return Err(InvokeError("injected fault before the work".to_owned()));
        }
        let response = self.function.invoke(payload.clone()).await?;
        match fault {
            InjectedFault::FailAfter => {
                Err(InvokeError("injected fault after the work".to_owned()))
            }
            InjectedFault::Partial(choice) if reports_success(&response) => {
                Ok(partial_response(&payload, choice).unwrap_or(response))
            }
            _ => Ok(response),
        }
    }
}

fn reports_success(response: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(response).is_ok_and(|response| {
        response["batchItemFailures"]
            .as_array()
            .is_none_or(Vec::is_empty)
    })
}

/// Creates a response that reports a failure from one of the payload's records on.
fn partial_response(payload: &[u8], choice: u64) -> Option<Bytes> {
    const BEFORE: &str = "\"sequenceNumber\":\"";
    let payload = str::from_utf8(payload).ok()?;
    let numbers: Vec<_> = payload
        .match_indices(BEFORE)
        .filter_map(|(at, _)| payload.get(at + BEFORE.len()..)?.split('"').next())
        .collect();
    let chosen = choice.checked_rem(numbers.len() as u64)?;
    let number = numbers.get(usize::try_from(chosen).ok()?)?;
    let response = serde_json::json!({"batchItemFailures": [{"itemIdentifier": number}]});
    Some(Bytes::from(response.to_string()))
}

const RATES: FaultRates = FaultRates {
    seed: 7,
    fail_before: 0.2,
    fail_after: 0.1,
    partial: 0.3,
    max_per_payload: 3,
};

#[test]
fn faults_occur_at_their_rates() {
    let mut counts = [0; 4];
    for payload in 0..10_000 {
        counts[match RATES.fault(payload, 0) {
            InjectedFault::FailBefore => 0,
            InjectedFault::FailAfter => 1,
            InjectedFault::Partial(_) => 2,
            InjectedFault::None => 3,
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
fn faults_depend_on_the_seed_and_are_limited() {
    let faults = |seed| {
        let rates = FaultRates { seed, ..RATES };
        (0..100)
            .map(|payload| rates.fault(payload, 0))
            .collect::<Vec<_>>()
    };
    assert_eq!(faults(1), faults(1));
    assert_ne!(faults(1), faults(2));
    let always = FaultRates {
        fail_before: 1.0,
        ..RATES
    };
    assert_eq!(always.fault(0, 2), InjectedFault::FailBefore);
    assert_eq!(always.fault(0, 3), InjectedFault::None);
}

#[test]
fn a_partial_response_names_a_record() {
    let payload =
        br#"{"Records":[{"kinesis":{"sequenceNumber":"1"}},{"kinesis":{"sequenceNumber":"2"}}]}"#;
    for (choice, number) in [(4, "1"), (5, "2")] {
        let expected = format!("{{\"batchItemFailures\":[{{\"itemIdentifier\":\"{number}\"}}]}}");
        assert_eq!(
            partial_response(payload, choice),
            Some(Bytes::from(expected))
        );
    }
    assert_eq!(partial_response(b"{}", 1), None);
}
