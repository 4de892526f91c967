//! FreeSWITCH-style dialplan: which applications a call runs.
//!
//! A [`Dialplan`] is read once; its expressions are compiled then. [`Dialplan::route`] hunts through one context
//! with the channel as it is *now* and returns the list of applications; `${…}` in their data is left for the
//! moment each of them runs, `$1` is filled in at once. Only `inline="true"` actions run during the hunt.
//!
//! The other dialplan, `inline`, is a list on one line: [`inline::parse`].

mod action;
mod attribute;
mod condition;
mod context;
mod expression;
mod hunt;
pub mod inline;
mod time_of_day;
mod xml;

pub use action::ActionItem;
pub use context::Dialplan;
pub use expression::{Captures, Expression, ExpressionError};
pub use hunt::{HuntError, MAX_ROUTE, Route};
pub use time_of_day::TimeOfDay;

/// The names a condition's bare `field` may use, beside any variable. event-socket.md §4.4 lists the event
/// headers made of the same fields.
pub const PROFILE_FIELDS: &[&str] = &[
    "ani",
    "aniii",
    "callee_id_name",
    "callee_id_number",
    "caller_id_name",
    "caller_id_number",
    "chan_name",
    "context",
    "destination_number",
    "dialplan",
    "network_addr",
    "rdnis",
    "source",
    "username",
    "uuid",
];

/// Reads untrusted bytes as a context and routes a fixed call through it. Bounded; never panics.
pub fn fuzz_entry(bytes: &[u8]) {
    struct Nobody;
    impl crate::lookup::Lookup for Nobody {
        fn variable(&self, _: &str) -> Option<std::borrow::Cow<'_, str>> {
            Some("1000".into())
        }
        fn profile(&self, _: &str) -> Option<std::borrow::Cow<'_, str>> {
            Some("1000".into())
        }
        fn call(&self, _: &str, arguments: &str) -> Option<String> {
            Some(arguments.to_owned())
        }
    }
    impl crate::lookup::Hunting for Nobody {
        fn caught(&mut self, _captures: &Captures) {}

        fn run_inline(&mut self, _: &str, _: &str) {}
    }
    let text = String::from_utf8_lossy(bytes);
    drop(inline::parse(&text));
    if let Ok((dialplan, _)) = Dialplan::from_text(&text) {
        let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        for context in dialplan.contexts() {
            match dialplan.route(context, &mut Nobody, &now) {
                Ok(route) => assert!(route.actions.len() <= MAX_ROUTE, "a route is bounded"),
                Err(HuntError::TooLong | HuntError::NoSuchContext) => {}
            }
        }
    }
}
