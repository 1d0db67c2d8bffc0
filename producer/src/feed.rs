//! A source's events -> a producer, until the source ends or someone says stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::JoinError;

use crate::input::SourceError;
use crate::pace::Rate;
use crate::{Outgoing, Producer, Summary};

/// Tells a feed to take no more from its source. What is on its way is sent.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Says stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether someone did.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What came of a feed.
#[derive(Debug)]
pub struct Fed {
    /// What became of the events that were given.
    pub summary: Summary,
    /// What the source ended with, unless with its end.
    pub source_error: Option<SourceError>,
}

/// Gives `producer` the events of `source`, at most `rate` of them, and
/// finishes it. The source runs on a thread of its own, where it may wait.
///
/// # Errors
/// A fault in the program; a source's or a target's failure is in the answer.
pub async fn feed<S>(
    producer: Producer,
    source: S,
    rate: Option<Rate>,
    stop: Stop,
) -> Result<Fed, JoinError>
where
    S: IntoIterator<Item = Result<Outgoing, SourceError>> + Send + 'static,
{
    let (producer, source_error) = tokio::task::spawn_blocking(move || {
        let source_error = give_all(&producer, source, rate, &stop);
        (producer, source_error)
    })
    .await?;
    Ok(Fed {
        summary: producer.finish().await?,
        source_error,
    })
}

fn give_all<S>(
    producer: &Producer,
    source: S,
    mut rate: Option<Rate>,
    stop: &Stop,
) -> Option<SourceError>
where
    S: IntoIterator<Item = Result<Outgoing, SourceError>>,
{
    let began = Instant::now();
    for event in source {
        let event = match event {
            Ok(event) => event,
            Err(error) => return Some(error),
        };
        if let Some(rate) = &mut rate {
            pause(rate.reserve(began.elapsed(), 1), stop);
        }
        if stop.is_stopped() || producer.give_blocking(event).is_err() {
            return None;
        }
    }
    None
}

/// Waits, in steps short enough for a stop not to.
fn pause(mut wait: Duration, stop: &Stop) {
    const STEP: Duration = Duration::from_millis(50);
    while !wait.is_zero() && !stop.is_stopped() {
        let step = wait.min(STEP);
        thread::sleep(step);
        wait -= step;
    }
}
