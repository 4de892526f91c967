//! Lamps of telephones.

mod dialogs;
mod lamp;
mod refused;
mod subscribed;
mod unasked;
