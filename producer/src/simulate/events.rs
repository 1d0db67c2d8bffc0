//! The running simulation.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::vec;

use super::Simulation;
use super::dice::{Dice, Purpose};
use super::plan::{Plan, Start};
use super::population::Memory;
use super::session::Session;
use super::spoil::Defect;
use super::world::{Memories, World};
use crate::outgoing::Outgoing;

/// The events of a [`Simulation`], in order of arrival.
///
/// A sitting is made when it begins, and merged with those that are under way:
/// nothing of a sitting arrives before it has begun, so the next arrival among
/// them is the next of all once no sitting begins before it. In memory are the
/// viewers, one day's plan, and the sittings of which something is to arrive.
#[derive(Debug)]
pub struct Run {
    seed: u64,
    days: u32,
    world: World,
    plan: Plan,
    memories: Vec<Memories>,
    /// The next day to plan.
    day: u32,
    /// What of the planned day has not begun.
    starts: std::iter::Peekable<vec::IntoIter<Start>>,
    /// How many sittings have begun.
    begun: u64,
    under_way: BinaryHeap<UnderWay>,
    buffer: Vec<u8>,
}

impl Run {
    pub(super) fn new(simulation: &Simulation) -> Self {
        let world = World::new(simulation);
        Self {
            seed: simulation.seed,
            days: simulation.days,
            plan: Plan::new(simulation, &world),
            memories: vec![[Memory::default(); _]; world.viewers.len()],
            world,
            day: 0,
            starts: Vec::new().into_iter().peekable(),
            begun: 0,
            under_way: BinaryHeap::new(),
            buffer: Vec::with_capacity(1024),
        }
    }

    /// When the next sitting begins, UTC milliseconds.
    fn next_start_ms(&mut self) -> Option<i64> {
        while self.starts.peek().is_none() && self.day < self.days {
            self.starts = self.plan.day(&self.world, self.day).into_iter().peekable();
            self.day += 1;
        }
        self.starts.peek().map(|start| start.at.div_euclid(1000))
    }

    fn begin(&mut self, start: Start) {
        let mut dice = Dice::new(
            self.seed,
            Purpose::Sitting,
            u64::from(start.user),
            start.occasion,
        );
        let session = self
            .memories
            .get_mut(start.user as usize)
            .and_then(|memories| {
                self.world
                    .perform(start.user, start.at, memories, &mut dice)
            });
        self.begun += 1;
        if let Some(session) = session
            && let Some(first) = session.arrivals.first()
        {
            self.under_way.push(UnderWay {
                next_ms: first.at_ms,
                begun: self.begun,
                next: 0,
                session: Box::new(session),
            });
        }
    }

    #[cfg(test)]
    pub(super) fn under_way_len(&self) -> usize {
        self.under_way.len()
    }

    /// Sends the next of all that is under way.
    fn send(&mut self) -> Option<Outgoing> {
        let mut first = self.under_way.peek_mut()?;
        let outgoing = first.outgoing(&self.world, &mut self.buffer);
        first.next += 1;
        match first.session.arrivals.get(first.next) {
            Some(next) => first.next_ms = next.at_ms,
            None => drop(PeekMut::pop(first)),
        }
        outgoing
    }
}

impl Iterator for Run {
    type Item = Outgoing;

    fn next(&mut self) -> Option<Outgoing> {
        loop {
            let starts_ms = self.next_start_ms();
            let arrives_ms = self.under_way.peek().map(|first| first.next_ms);
            match (arrives_ms, starts_ms) {
                (None, None) => return None,
                (Some(arrives), starts) if starts.is_none_or(|starts| arrives < starts) => {
                    return self.send();
                }
                _ => {
                    let start = self.starts.next()?;
                    self.begin(start);
                }
            }
        }
    }
}

/// A session of which something is still to arrive. The greatest is the one
/// whose next event arrives first; among equals, the one that began first.
#[derive(Debug)]
struct UnderWay {
    next_ms: i64,
    begun: u64,
    /// Index of its next arrival.
    next: usize,
    session: Box<Session>,
}

impl UnderWay {
    fn outgoing(&self, world: &World, buffer: &mut Vec<u8>) -> Option<Outgoing> {
        let arrival = self.session.arrivals.get(self.next)?;
        let step = self.session.script.steps.get(arrival.step as usize)?;
        let event = self.session.event(step, &world.catalogue);
        let (body, numbered) = match arrival.broken {
            Some(chances) => {
                let defect = Defect::for_event(&event, chances);
                (defect.apply(event, chances), defect.numbered())
            }
            None => {
                buffer.clear();
                event.write_json(buffer);
                (buffer.as_slice().to_vec(), true)
            }
        };
        Some(Outgoing {
            user_id: self.session.user_id.clone(),
            arrives_at_ms: Some(arrival.at_ms),
            body,
            numbered,
        })
    }
}

impl Ord for UnderWay {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.next_ms, other.begun).cmp(&(self.next_ms, self.begun))
    }
}

impl PartialOrd for UnderWay {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for UnderWay {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for UnderWay {}
