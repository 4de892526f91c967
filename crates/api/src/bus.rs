//! The event bus: one dispatcher, bounded queues, nothing skipped.

mod dispatcher;
mod interest;
mod queue;
mod replay;
mod subscription;

pub(crate) use dispatcher::{Batch, Message};
pub use dispatcher::{BusCounters, Dispatcher};
pub use interest::{Families, Interest, Scope};
pub use queue::{Overrun, QueueLimits};
pub use replay::Gone;
pub use subscription::{Ended, Subscription};
