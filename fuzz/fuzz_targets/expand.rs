//! `${…}` expansion with variables whose values expand again.
#![no_main]

use std::borrow::Cow;

use switch_core::lookup::Lookup;

struct Echo<'t>(&'t str);

impl Lookup for Echo<'_> {
    fn variable(&self, _: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0))
    }

    fn profile(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }

    fn call(&self, _: &str, arguments: &str) -> Option<String> {
        Some(arguments.to_owned())
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = switch_core::expand::expand(text, &Echo(text));
});
