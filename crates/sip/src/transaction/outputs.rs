//! Where the machines put what they want done.

use std::collections::VecDeque;

use bytes::Bytes;

use super::timer::TimerQueue;
use crate::event::Event;
use crate::transport::{Target, Transmit};

/// Messages, events and timers waiting for the owner of the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) timers: TimerQueue,
}

impl Outputs {
    pub(crate) fn transmit(&mut self, target: Target, bytes: Bytes) {
        self.transmits.push_back(Transmit { target, bytes });
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }
}
