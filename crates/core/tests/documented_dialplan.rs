//! The examples of `docs/dialplan.md` load without a complaint and do what the page says.

use std::borrow::Cow;

use jackfield_core::config_xml::{Configuration, Globals, TextFiles};
use jackfield_core::lookup::{Hunting, Lookup};

const PAGE: &str = include_str!("../../../docs/dialplan.md");

/// The blocks marked as XML, in order.
fn examples() -> Vec<&'static str> {
    PAGE.split("```xml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

fn load(xml: &str) -> Configuration {
    let xml = if xml.starts_with("<section") {
        xml.to_owned()
    } else {
        format!("<section name=\"dialplan\">{xml}</section>")
    };
    let mut files = TextFiles::new();
    files.insert("/page.xml", xml);
    let loaded = Configuration::load(&files, "/page.xml".as_ref(), Globals::new())
        .unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(loaded.warnings, []);
    loaded
}

/// A caller of 7001 whose `set` works.
#[derive(Default)]
struct Caller {
    set: Vec<(String, String)>,
}

impl Lookup for Caller {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.set
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.into())
    }

    fn profile(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "destination_number" => Some("7001".into()),
            "network_addr" => Some("198.51.100.1".into()),
            _ => None,
        }
    }

    fn call(&self, _: &str, _: &str) -> Option<String> {
        None
    }
}

impl Hunting for Caller {
    fn caught(&mut self, _: &jackfield_core::dialplan::Captures) {}

    fn run_inline(&mut self, application: &str, data: &str) {
        assert_eq!(application, "set");
        let (name, value) = data.split_once('=').expect("set has an equals sign");
        self.set.push((name.to_owned(), value.to_owned()));
    }
}

fn route(xml: &str, context: &str, when: &str) -> Vec<String> {
    let now: jiff::Zoned = when.parse().expect("a time with its zone");
    let route = load(xml)
        .dialplan
        .route(context, &mut Caller::default(), &now)
        .expect("the context exists");
    route
        .actions
        .iter()
        .map(|a| format!("{} {}", a.application, a.data))
        .collect()
}

#[test]
fn office_hours() {
    let xml = examples()[0];
    let monday = "2026-11-23T09:00[UTC]";
    assert_eq!(
        route(xml, "default", monday),
        ["bridge user/1001@${domain_name}"]
    );
    let sunday = "2026-11-22T09:00[UTC]";
    assert_eq!(
        route(xml, "default", sunday),
        ["playback tone_stream://%(250,250,480,620);loops=8"]
    );
}

#[test]
fn strangers_are_refused() {
    assert_eq!(
        route(examples()[1], "public", "2026-11-23T09:00[UTC]"),
        ["respond 403"]
    );
}

#[test]
fn the_directory_has_its_user() {
    let loaded = load(examples()[2]);
    let user = loaded
        .directory
        .user("EXAMPLE.org", "77")
        .expect("the alias leads to the user");
    assert_eq!(
        (user.id(), user.variable("default_areacode")),
        ("1000", Some("918"))
    );
    assert!(user.is_in_group("everybody"));
    assert_eq!(examples().len(), 3, "an example without a test");
}
