//! Lamps of telephones.

mod lamp;
mod refused;
mod subscribed;
mod unasked;
