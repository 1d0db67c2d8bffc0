//! Rate limiting. The caller provides the clock.

use std::time::Duration;

const NANOS: u128 = 1_000_000_000;

/// Kinesis' limit for a shard, in bytes per second.
const SHARD_BYTES_PER_S: u64 = 1_000_000;
/// Kinesis' limit for a shard, in records per second.
const SHARD_RECORDS_PER_S: u64 = 1_000;

/// A rate limiter by the generic cell rate algorithm (GCRA), a token bucket. In any
/// period `t` it admits at most `per_second × t + burst` units.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    per_second: u64,
    burst: u64,
    /// The time at which the rate covers all admitted units.
    paid_at: Duration,
}

impl RateLimiter {
    /// Creates a limiter of `per_second` units (at least one) with bursts of `burst`
    /// units.
    pub fn new(per_second: u64, burst: u64) -> Self {
        Self {
            per_second: per_second.max(1),
            burst,
            paid_at: Duration::ZERO,
        }
    }

    /// Reserves `units` at `now` and returns the time to wait before they may be used.
    /// A reservation may exceed the burst; its wait covers the excess.
    pub fn reserve(&mut self, now: Duration, units: u64) -> Duration {
        self.paid_at = self.paid_at.max(now).saturating_add(self.time_for(units));
        self.paid_at
            .saturating_sub(self.time_for(self.burst))
            .saturating_sub(now)
    }

    fn time_for(&self, units: u64) -> Duration {
        let nanos = u128::from(units) * NANOS / u128::from(self.per_second);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A rate limiter for the shards of a stream. It assumes that keys spread evenly over
/// the shards and that no other producer writes to them.
#[derive(Debug, Clone)]
pub struct ShardRateLimiter {
    bytes: RateLimiter,
    records: RateLimiter,
}

impl ShardRateLimiter {
    /// Creates a limiter at nine tenths of the shards' limits with bursts of a tenth,
    /// which together stay below the limits in any second.
    pub fn new(shards: u32) -> Self {
        let of = |limit: u64| {
            let tenth = limit * u64::from(shards.max(1)) / 10;
            RateLimiter::new(tenth * 9, tenth)
        };
        Self {
            bytes: of(SHARD_BYTES_PER_S),
            records: of(SHARD_RECORDS_PER_S),
        }
    }

    /// Returns the maximum size in bytes of a request that needs no wait.
    pub fn request_bytes(&self) -> usize {
        usize::try_from(self.bytes.burst).unwrap_or(usize::MAX)
    }

    /// Returns the maximum number of records in a request that needs no wait.
    pub fn request_records(&self) -> usize {
        usize::try_from(self.records.burst).unwrap_or(usize::MAX)
    }

    /// Reserves a request at `now` and returns the time to wait before it is put.
    pub fn reserve(&mut self, now: Duration, bytes: u64, records: u64) -> Duration {
        self.bytes
            .reserve(now, bytes)
            .max(self.records.reserve(now, records))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_burst_passes_and_the_excess_waits() {
        let mut rate = RateLimiter::new(10, 5);
        let at = Duration::from_secs(100);
        assert_eq!(rate.reserve(at, 5), Duration::ZERO);
        assert_eq!(rate.reserve(at, 1), Duration::from_millis(100));
        assert_eq!(
            rate.reserve(at + Duration::from_secs(60), 5),
            Duration::ZERO
        );
    }

    proptest! {
        #[test]
        fn no_second_exceeds_the_shards_limits(
            shards in 1_u32..5,
            requests in prop::collection::vec((0_u64..300, 1_u64..90_000, 1_u64..90), 1..300),
        ) {
            let mut pace = ShardRateLimiter::new(shards);
            let mut now = Duration::ZERO;
            let mut sent: Vec<(Duration, u64, u64)> = Vec::new();
            for (pause_ms, bytes, records) in requests {
                now += Duration::from_millis(pause_ms);
                now += pace.reserve(now, bytes, records);
                sent.push((now, bytes, records));
            }
            for (n, (from, ..)) in sent.iter().enumerate() {
                let second = sent.iter().skip(n).take_while(|(at, ..)| *at < *from + Duration::from_secs(1));
                let (bytes, records) = second.fold((0, 0), |sum, (_, b, r)| (sum.0 + b, sum.1 + r));
                prop_assert!(bytes <= SHARD_BYTES_PER_S * u64::from(shards));
                prop_assert!(records <= SHARD_RECORDS_PER_S * u64::from(shards));
            }
        }
    }
}
