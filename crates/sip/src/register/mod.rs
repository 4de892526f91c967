//! Registration: bindings of addresses of record to contacts.

mod binding;
mod registrar;
mod request;

pub use binding::{Binding, BindingChange, ChangeKind};
pub use registrar::{Registrar, RegistrarConfig, Registration};
