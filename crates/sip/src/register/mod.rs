//! Registration: bindings of addresses of record to contacts, and the client that makes one elsewhere.

mod binding;
mod client;
mod registrar;
mod request;

pub use binding::{Binding, BindingChange, ChangeKind};
pub use client::{Action, ClientRegistration, Manner, Outcome, REFUSED_CREDENTIALS};
pub use registrar::{Registrar, RegistrarConfig, Registration};
