//! What a hunt costs in a context of 2,000 extensions, and what loading one costs.

use std::borrow::Cow;

use jackfield_core::dialplan::Dialplan;
use jackfield_core::lookup::{Hunting, Lookup};

fn main() {
    divan::main();
}

const EXTENSIONS: u32 = 2_000;

/// A context whose extensions are all the same kind of test, numbered from 10000.
fn context(expression: impl Fn(u32) -> String) -> String {
    let mut xml = String::from("<context name=\"default\">\n");
    for number in 10_000..10_000 + EXTENSIONS {
        xml += &format!(
            "<extension name=\"e{number}\"><condition field=\"destination_number\" expression=\"{}\">\
             <action application=\"set\" data=\"called=$1\"/>\
             <action application=\"bridge\" data=\"user/$1@${{domain_name}}\"/></condition></extension>\n",
            expression(number)
        );
    }
    xml + "</context>"
}

fn exact() -> String {
    context(|number| format!("^{number}$"))
}

fn pattern() -> String {
    context(|number| format!("^({number})(\\d*)$"))
}

struct Caller(&'static str);

impl Lookup for Caller {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.profile(name)
    }

    fn profile(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "destination_number").then_some(Cow::Borrowed(self.0))
    }

    fn call(&self, _: &str, _: &str) -> Option<String> {
        None
    }
}

impl Hunting for Caller {
    fn caught(&mut self, _: &jackfield_core::dialplan::Captures) {}

    fn run_inline(&mut self, _: &str, _: &str) {}
}

fn route(bencher: divan::Bencher<'_, '_>, xml: &str, number: &'static str) {
    let (dialplan, _) = Dialplan::from_text(xml).expect("the bench's own dialplan is well-formed");
    let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    bencher.bench_local(|| {
        let route = dialplan
            .route("default", &mut Caller(number), &now)
            .expect("the context exists");
        assert_eq!(route.actions.len(), 2);
        route
    });
}

#[divan::bench]
fn first_of_2000_exact(bencher: divan::Bencher<'_, '_>) {
    route(bencher, &exact(), "10000");
}

#[divan::bench]
fn last_of_2000_exact(bencher: divan::Bencher<'_, '_>) {
    route(bencher, &exact(), "11999");
}

#[divan::bench]
fn last_of_2000_patterns(bencher: divan::Bencher<'_, '_>) {
    route(bencher, &pattern(), "11999");
}

#[divan::bench(sample_count = 10)]
fn load_2000_patterns(bencher: divan::Bencher<'_, '_>) {
    let xml = pattern();
    bencher.bench_local(|| Dialplan::from_text(&xml));
}
