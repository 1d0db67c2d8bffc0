//! The events of a simulation.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::vec;

use marquee_event::WriteError;

use super::Simulation;
use super::defect::Defect;
use super::households::ProfileMemory;
use super::rng::{RngPurpose, SeededRng};
use super::schedule::{SessionSchedule, SessionStart};
use super::session::SimulatedSession;
use super::world::{HouseholdMemory, World};
use crate::outgoing::OutgoingEvent;

/// An iterator over the events of a [`Simulation`] in the order of arrival.
///
/// It simulates a session when the session starts, and merges it with the active ones.
/// No event of a session arrives before the session starts. The earliest arrival of the
/// active sessions is therefore the next event once no session starts before it. Memory
/// holds the households, one day's schedule and the active sessions.
#[derive(Debug)]
pub struct SimulatedEvents {
    seed: u64,
    days: u32,
    world: World,
    schedule: SessionSchedule,
    memory: Vec<HouseholdMemory>,
    /// The next day to schedule.
    day: u32,
    /// The starts left on the scheduled day.
    starts: std::iter::Peekable<vec::IntoIter<SessionStart>>,
    /// The number of sessions started.
    started: u64,
    active: BinaryHeap<ActiveSession>,
    buffer: Vec<u8>,
}

impl SimulatedEvents {
    pub(super) fn new(simulation: &Simulation) -> Self {
        let world = World::new(simulation);
        Self {
            seed: simulation.seed,
            days: simulation.days,
            schedule: SessionSchedule::new(simulation, &world),
            memory: vec![[ProfileMemory::default(); _]; world.households.len()],
            world,
            day: 0,
            starts: Vec::new().into_iter().peekable(),
            started: 0,
            active: BinaryHeap::new(),
            buffer: Vec::with_capacity(1024),
        }
    }

    /// Returns the start of the next session in UTC milliseconds.
    fn next_start_ms(&mut self) -> Option<i64> {
        while self.starts.peek().is_none() && self.day < self.days {
            self.starts = self
                .schedule
                .sessions_of_day(&self.world, self.day)
                .into_iter()
                .peekable();
            self.day += 1;
        }
        self.starts.peek().map(|start| start.at.div_euclid(1000))
    }

    fn start_session(&mut self, start: SessionStart) {
        let mut rng = SeededRng::new(
            self.seed,
            RngPurpose::Session,
            u64::from(start.user),
            start.occasion,
        );
        let memory = &mut self.memory[start.user as usize];
        let session = self
            .world
            .simulate_session(start.user, start.at, memory, &mut rng);
        self.started += 1;
        // A session that starts at the end of the simulation may have no events.
        if let Some(first) = session.arrivals.first() {
            self.active.push(ActiveSession {
                next_ms: first.at_ms,
                started: self.started,
                next: 0,
                session: Box::new(session),
            });
        }
    }

    #[cfg(test)]
    pub(super) fn active_len(&self) -> usize {
        self.active.len()
    }

    /// Returns the earliest event of the active sessions.
    fn next_arrival(&mut self) -> Option<Result<OutgoingEvent, WriteError>> {
        let mut first = self.active.peek_mut()?;
        let outgoing = first.outgoing(&self.world, &mut self.buffer);
        first.next += 1;
        match first.session.arrivals.get(first.next) {
            Some(next) => first.next_ms = next.at_ms,
            None => drop(PeekMut::pop(first)),
        }
        Some(outgoing)
    }
}

impl Iterator for SimulatedEvents {
    type Item = Result<OutgoingEvent, WriteError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let starts_ms = self.next_start_ms();
            let arrives_ms = self.active.peek().map(|first| first.next_ms);
            match (arrives_ms, starts_ms) {
                (None, None) => return None,
                (Some(arrives), starts) if starts.is_none_or(|starts| arrives < starts) => {
                    return self.next_arrival();
                }
                _ => {
                    let start = self.starts.next()?;
                    self.start_session(start);
                }
            }
        }
    }
}

/// A session with events still to arrive. The greatest is the one whose next event
/// arrives first; among equals, the one that started first.
#[derive(Debug)]
struct ActiveSession {
    next_ms: i64,
    started: u64,
    /// The index of the next arrival.
    next: usize,
    session: Box<SimulatedSession>,
}

impl ActiveSession {
    fn outgoing(&self, world: &World, buffer: &mut Vec<u8>) -> Result<OutgoingEvent, WriteError> {
        let arrival = &self.session.arrivals[self.next];
        let step = &self.session.script.steps[arrival.step as usize];
        let event = self.session.event(step, &world.title_catalog);
        let (body, numbered) = match arrival.defect_bits {
            Some(bits) => {
                let defect = Defect::for_event(&event, bits);
                (defect.apply(event, bits)?, defect.accepts_number())
            }
            None => {
                buffer.clear();
                event.write_json(buffer)?;
                (buffer.as_slice().to_vec(), true)
            }
        };
        Ok(OutgoingEvent {
            user_id: self.session.user_id.clone(),
            arrives_at_ms: Some(arrival.at_ms),
            body,
            numbered,
        })
    }
}

impl Ord for ActiveSession {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.next_ms, other.started).cmp(&(self.next_ms, self.started))
    }
}

impl PartialOrd for ActiveSession {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ActiveSession {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ActiveSession {}
