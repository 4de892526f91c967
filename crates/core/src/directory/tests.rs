use super::*;
use crate::config_xml::{BUILT_IN_ROOT, Configuration, Globals, built_in};

const SMALL: &str = r#"<domain name="Example.org">
  <params><param name="dial-string" value="sofia/internal/${dialed_user}"/><param name="level" value="domain"/></params>
  <variables><variable name="area" value="918"/><variable name="level" value="domain"/></variables>
  <groups>
    <group name="desk">
      <params><param name="level" value="group"/></params>
      <variables><variable name="level" value="group"/><variable name="room" value="1"/></variables>
      <users>
        <user id="1000" number-alias="77" cidr="192.0.2.0/24" mailbox="1000" cacheable="60000">
          <params><param name="password" value="secret"/><param name="LEVEL" value="user"/></params>
          <variables><variable name="level" value="user"/><variable name="user_context" value="default"/></variables>
        </user>
        <user id="1001"><params><param name="a1-hash" value="abc"/><param name="password" value="x"/></params></user>
      </users>
    </group>
    <group name="night"><users><user id="1001" type="pointer"/><user id="2000" type="pointer"/><user id="1000" type="pointer"/></users></group>
  </groups>
  <user id="2000"><variables><variable name="user_context" value="lobby"/></variables></user>
</domain>"#;

fn small() -> Directory {
    let (directory, warnings) =
        Directory::from_text(SMALL).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(warnings, []);
    directory
}

#[test]
fn inner_settings_win() {
    let directory = small();
    let user = directory.user("example.ORG", "1000").unwrap();
    assert_eq!((user.id(), user.domain_name()), ("1000", "Example.org"));
    assert_eq!(
        (user.param("level"), user.variable("level")),
        (Some("user"), Some("user"))
    );
    assert_eq!(user.variable("area"), Some("918"));
    assert_eq!(
        user.param("dial-string"),
        Some("sofia/internal/${dialed_user}")
    );
    assert_eq!(user.param("nothing"), None);
    assert_eq!(
        user.variables().collect::<Vec<_>>(),
        [
            ("area", "918"),
            ("room", "1"),
            ("level", "user"),
            ("user_context", "default")
        ]
    );
    let other = directory.user("example.org", "1001").unwrap();
    assert_eq!(other.param("level"), Some("group"));
    let alone = directory.user("example.org", "2000").unwrap();
    assert_eq!(alone.variable("level"), Some("domain"));
    assert!(alone.group().is_none());
}

#[test]
fn attributes_aliases_and_credentials() {
    let mut directory = small();
    let user = directory.user("example.org", "77").unwrap();
    assert_eq!(user.id(), "1000", "found by number-alias");
    assert_eq!(user.attribute("id"), Some("1000"));
    assert_eq!(user.attribute("cidr"), Some("192.0.2.0/24"));
    assert_eq!(user.attribute("nope"), None);
    assert_eq!(user.credential(), Some(Credential::Password("secret")));
    assert_eq!(
        directory.user("example.org", "1001").unwrap().credential(),
        Some(Credential::Ha1("abc"))
    );
    assert_eq!(
        directory.user("example.org", "2000").unwrap().credential(),
        None
    );

    assert!(directory.user("10.0.0.1", "1000").is_none());
    assert!(directory.add_alias("10.0.0.1", "example.org"));
    assert!(
        directory.add_alias("10.0.0.1", "EXAMPLE.org"),
        "the same again changes nothing"
    );
    assert!(!directory.add_alias("10.0.0.2", "nowhere"));
    assert_eq!(
        directory.user("10.0.0.1", "1000").unwrap().domain_name(),
        "Example.org"
    );
}

#[test]
fn users_are_listed_once_per_group() {
    let directory = small();
    let rows = |filter: &ListFilter<'_>| -> Vec<(String, String)> {
        directory
            .list(filter)
            .map(|l| (l.group.unwrap_or("-").to_owned(), l.user.id().to_owned()))
            .collect()
    };
    let row = |group: &str, id: &str| (group.to_owned(), id.to_owned());
    let any = ListFilter::default();
    assert_eq!(
        rows(&any),
        [
            row("desk", "1000"),
            row("desk", "1001"),
            row("night", "1001"),
            row("night", "2000"),
            row("night", "1000"),
            row("-", "2000")
        ]
    );
    assert_eq!(
        rows(&ListFilter {
            user: Some("1000"),
            ..any
        }),
        [row("desk", "1000"), row("night", "1000")]
    );
    assert_eq!(
        rows(&ListFilter {
            group: Some("desk"),
            user: Some("1001"),
            ..any
        }),
        [row("desk", "1001")]
    );
    assert_eq!(
        rows(&ListFilter {
            context: Some("lobby"),
            ..any
        }),
        [row("night", "2000"), row("-", "2000")]
    );
    assert_eq!(
        rows(&ListFilter {
            domain: Some("nosuch"),
            ..any
        }),
        []
    );
    assert_eq!(
        rows(&ListFilter {
            domain: Some("EXAMPLE.org"),
            context: Some("default"),
            ..any
        })
        .len(),
        2
    );
    assert!(
        directory
            .user("example.org", "1000")
            .unwrap()
            .is_in_group("night")
    );
    assert!(
        !directory
            .user("example.org", "2000")
            .unwrap()
            .is_in_group("desk")
    );
}

#[test]
fn a_group_is_dialled_member_by_member() {
    let directory = small();
    let domain = directory.domain("example.org").unwrap();
    let dial = |user: UserView<'_>| match user.id() {
        "2000" => None,
        id => Some(format!(
            "{{^^:a=1:presence_id={id}@x}}error/user_not_registered,"
        )),
    };
    assert_eq!(
        domain
            .group_dial_string("night", RingOrder::AtOnce, dial)
            .unwrap(),
        "[^^:a=1:presence_id=1001@x]error/user_not_registered,[^^:a=1:presence_id=1000@x]error/user_not_registered"
    );
    let plain = |user: UserView<'_>| Some(format!("user/{}", user.id()));
    assert_eq!(
        domain
            .group_dial_string("desk", RingOrder::InTurn, plain)
            .unwrap(),
        "user/1000|user/1001"
    );
    assert_eq!(
        domain
            .group_dial_string("desk", RingOrder::Enterprise, plain)
            .unwrap(),
        "user/1000:_:user/1001"
    );
    assert_eq!(
        domain.group_dial_string("nosuch", RingOrder::AtOnce, plain),
        None
    );
    assert_eq!(
        domain.group_dial_string("desk", RingOrder::AtOnce, |_| Some(String::new())),
        None
    );
    assert_eq!(RingOrder::from_letter("f"), Some(RingOrder::InTurn));
    assert_eq!(RingOrder::from_letter("x"), None);
}

#[test]
fn mistakes_and_suspicions() {
    for (xml, expect) in [
        ("<domain/>", "/directory.xml:1:1: a domain has no name"),
        (
            "<domain name=\"d\">\n<user/></domain>",
            "/directory.xml:2:1: a user has no id",
        ),
        (
            "<domain name=\"d\"><groups><group/></groups></domain>",
            "/directory.xml:1:26: a group has no name",
        ),
        (
            "<domain name=\"d\"><params><param value=\"x\"/></params></domain>",
            "/directory.xml:1:26: a param has no name",
        ),
    ] {
        assert_eq!(
            Directory::from_text(xml).unwrap_err()[0].to_string(),
            expect
        );
    }
    for (xml, expect) in [
        (
            "<domain name=\"d\"/><domain name=\"D\"/>",
            "domain \"D\" is defined a second time",
        ),
        (
            "<domain name=\"d\"><user id=\"1\"/><user id=\"1\"/></domain>",
            "user \"1\" is defined a second time",
        ),
        (
            "<domain name=\"d\"><groups><group name=\"g\"><user id=\"1\" type=\"pointer\"/></group></groups></domain>",
            "leads to no user",
        ),
        (
            "<domain name=\"d\"><gateways/></domain>",
            "<gateways> means nothing",
        ),
    ] {
        let (_, warnings) = Directory::from_text(xml).unwrap();
        assert!(
            warnings.iter().any(|w| w.message.contains(expect)),
            "{xml}: {warnings:?}"
        );
    }
}

/// The answers of the recorded `user_data`, `list_users` and `domain_data`. event-socket.md §6.1.
#[test]
fn the_built_in_directory_answers_as_recorded() {
    let built = Configuration::load(&built_in(), BUILT_IN_ROOT.as_ref(), Globals::new()).unwrap();
    let user = built.directory.user("127.0.0.1", "1000").unwrap();
    assert_eq!(
        user.variable("toll_allow"),
        Some("domestic,international,local")
    );
    assert_eq!(user.param("password"), Some("1234"));
    assert_eq!(
        user.variable("effective_caller_id_name"),
        Some("Extension 1000")
    );
    assert_eq!(
        built
            .directory
            .domain("127.0.0.1")
            .unwrap()
            .variables()
            .get("default_areacode"),
        Some("918")
    );
    let groups: Vec<_> = built
        .directory
        .list(&ListFilter {
            user: Some("1000"),
            ..ListFilter::default()
        })
        .map(|listed| listed.group.unwrap_or_default().to_owned())
        .collect();
    assert_eq!(groups, ["default", "sales"]);
    assert_eq!(built.directory.list(&ListFilter::default()).count(), 35);
}

#[test]
fn a_hundred_thousand_users_are_found_at_once() {
    let mut xml = String::from(
        "<domain name=\"big\"><variables><variable name=\"a\" value=\"b\"/></variables>\n",
    );
    for id in 0..100_000 {
        xml += &format!(
            "<user id=\"{id}\"><params><param name=\"password\" value=\"p{id}\"/></params></user>\n"
        );
    }
    xml += "</domain>";
    let (directory, _) = Directory::from_text(&xml).unwrap();
    assert_eq!(
        directory.user("big", "99999").unwrap().param("password"),
        Some("p99999")
    );
    assert_eq!(
        directory.user("big", "99999").unwrap().variable("a"),
        Some("b")
    );
    assert!(directory.user("big", "100000").is_none());
}
