//! What is said about gateways.

use std::sync::Arc;
use std::time::Duration;

use switch_core::config::{CallerIdHeader, GatewayConfig, GatewayExtension, PingConfig};

use super::*;

const EVERYTHING: &str = r#"
[[sip.gateway]]
name = "carrier"
profile = "internal"
proxy = "carrier.example:5070"
register_proxy = "register.example"
outbound_proxy = "192.0.2.8"
transport = "tcp"
realm = "asterisk"
username = "u1"
auth_username = "a1"
password = "wonderland"
from_user = "f"
from_domain = "from.example"
caller_id_in_from = true
caller_id = "pid"
extension = "auto_to_user"
extension_in_contact = true
context = "trunk"
register = true
expires = "10min"
retry = "45s"
contact_params = "tgrp=a;ob"
ping = "25s"
ping_min = 2
ping_max = 5
inbound_variables = ["a=1", "b=x=y"]
outbound_variables = "c="
"#;

/// The same in the words of the original.
const IN_XML: &str = r#"<document><section name="configuration"><configuration name="sofia.conf"><profiles>
<profile name="internal"><settings><param name="sip-ip" value="127.0.0.1"/></settings><gateways>
<gateway name="carrier">
<param name="proxy" value="carrier.example:5070"/><param name="register-proxy" value="register.example"/>
<param name="outbound-proxy" value="192.0.2.8"/><param name="register-transport" value="tcp"/>
<param name="realm" value="asterisk"/><param name="username" value="u1"/><param name="auth-username" value="a1"/>
<param name="password" value="wonderland"/><param name="from-user" value="f"/>
<param name="from-domain" value="from.example"/><param name="caller-id-in-from" value="true"/>
<param name="cid-type" value="pid"/><param name="extension" value="auto_to_user"/>
<param name="extension-in-contact" value="true"/><param name="context" value="trunk"/>
<param name="register" value="true"/><param name="expire-seconds" value="600"/>
<param name="retry-seconds" value="45"/><param name="contact-params" value="tgrp=a;ob"/>
<param name="ping" value="25"/><param name="ping-min" value="2"/><param name="ping-max" value="5"/>
<variables><variable name="a" value="1" direction="inbound"/><variable name="b" value="x=y" direction="inbound"/>
<variable name="c" direction="outbound"/></variables>
</gateway></gateways></profile></profiles></configuration></section></document>"#;

fn gateways(loaded: &Loaded) -> Vec<GatewayConfig> {
    let profiles = &loaded.settings.switch.switch.profiles;
    profiles
        .iter()
        .flat_map(|profile| profile.gateways.clone())
        .collect()
}

fn check_everything(gateway: &GatewayConfig) {
    let place = |destination: &switch_core::config::Destination| {
        let transport = destination.transport().map(|transport| transport.as_str());
        format!("{destination} {transport:?}")
    };
    assert_eq!(place(&gateway.proxy), "carrier.example:5070 Some(\"TCP\")");
    let other = |place_of: &Option<_>| place_of.as_ref().map(place).unwrap_or_default();
    assert_eq!(
        other(&gateway.register_proxy),
        "register.example Some(\"TCP\")"
    );
    assert_eq!(other(&gateway.outbound_proxy), "192.0.2.8 Some(\"TCP\")");
    assert_eq!((&*gateway.realm, &*gateway.username), ("asterisk", "u1"));
    assert_eq!(gateway.auth_username.as_deref(), Some("a1"));
    assert_eq!(&*gateway.password.0, "wonderland");
    assert_eq!(gateway.from_user.as_deref(), Some("f"));
    assert_eq!(gateway.from_domain.as_deref(), Some("from.example"));
    assert!(gateway.caller_id_in_from && gateway.extension_in_contact && gateway.register);
    assert_eq!(gateway.caller_id, CallerIdHeader::AssertedIdentity);
    assert_eq!(gateway.extension, GatewayExtension::ToUser);
    assert_eq!(gateway.context.as_deref(), Some("trunk"));
    assert_eq!(
        (gateway.expires_s, gateway.retry),
        (600, Duration::from_secs(45))
    );
    let pair = |(name, value): &(Arc<str>, Arc<str>)| format!("{name}={value}");
    let list = |pairs: &[(Arc<str>, Arc<str>)]| pairs.iter().map(pair).collect::<Vec<_>>();
    assert_eq!(list(&gateway.contact_params), ["tgrp=a", "ob="]);
    assert_eq!(list(&gateway.inbound_variables), ["a=1", "b=x=y"]);
    assert_eq!(list(&gateway.outbound_variables), ["c="]);
    let ping = PingConfig {
        every: Duration::from_secs(25),
        least: 2,
        most: 5,
    };
    assert_eq!(gateway.ping, Some(ping));
}

#[test]
fn everything_that_can_be_said_in_either_file() {
    let loaded = toml(EVERYTHING).unwrap();
    let [gateway] = gateways(&loaded).try_into().unwrap();
    check_everything(&gateway);
    assert!(!format!("{:?}", loaded.settings.switch.switch).contains("wonderland"));
    let folder = Folder::new(&[
        ("jackfield.toml", "[xml]\nroot = \"fs.xml\"\n"),
        ("fs.xml", IN_XML),
    ]);
    let loaded = folder.load().unwrap();
    let [gateway] = gateways(&loaded).try_into().unwrap();
    check_everything(&gateway);
    assert_eq!(folder.shown(&loaded.notes), Vec::<String>::new());
}

#[test]
fn little_has_to_be_said() {
    let loaded = toml(
        "[[sip.gateway]]\nname = \"sip.example.org\"\nusername = \"u\"\n\
         [[sip.gateway]]\nname = \"peer\"\nproxy = \"192.0.2.9\"\nregister = false\nextension = \"900\"\n",
    )
    .unwrap();
    let [first, second] = gateways(&loaded).try_into().unwrap();
    assert_eq!(
        (first.proxy.host(), &*first.realm),
        ("sip.example.org", "sip.example.org")
    );
    assert!(first.register && first.ping.is_none());
    assert_eq!(
        (first.expires_s, first.retry),
        (3600, Duration::from_secs(30))
    );
    assert_eq!((&*second.realm, second.register), ("192.0.2.9", false));
    assert_eq!(second.extension, GatewayExtension::Fixed("900".into()));
}

#[test]
fn gateways_come_in_files_of_their_own() {
    let root = IN_XML.replace(
        "<gateways>",
        "<gateways><X-PRE-PROCESS cmd=\"include\" data=\"trunks/*.xml\"/>",
    );
    let other = "<include><gateway name=\"other\"><param name=\"username\" value=\"o\"/>\
                 <param name=\"proxy\" value=\"$${trunk}\"/></gateway></include>";
    let root = root.replace(
        "<document>",
        "<document><X-PRE-PROCESS cmd=\"set\" data=\"trunk=other.example\"/>",
    );
    let folder = Folder::new(&[
        ("jackfield.toml", "[xml]\nroot = \"fs.xml\"\n"),
        ("fs.xml", &root),
        ("trunks/other.xml", other),
    ]);
    let loaded = folder.load().unwrap();
    let [included, carrier] = gateways(&loaded).try_into().unwrap();
    assert_eq!(
        (&*included.name, included.proxy.host()),
        ("other", "other.example")
    );
    check_everything(&carrier);
}

#[test]
fn what_is_wrong_about_gateways_is_said() {
    check_errors(
        toml(
            "[[sip.gateway]]\nname = \"a\"\nproxy = \"192.0.2.1\"\nusernme = \"u\"\nregister = false\n\
             [[sip.gateway]]\nname = \"b\"\nexpires = \"2h30\"\nregister = false\n\
             [[sip.gateway]]\nname = \"c\"\nproxy = \"192.0.2.1\"\n\
             [[sip.gateway]]\nname = \"d/e\"\n\
             [[sip.gateway]]\nname = \"f\"\ntransport = \"ws\"\nusername = \"u\"\n\
             [[sip.gateway]]\nproxy = \"192.0.2.1\"\n",
        ),
        &[
            "jackfield.toml:4:1: sip.gateway.usernme: unknown key, did you mean username?",
            "jackfield.toml:8:11: sip.gateway.expires: expected a duration from 1s to 24h",
            "jackfield.toml:10:1: sip.gateway: gateway c: registering takes a username",
            "jackfield.toml:13:1: sip.gateway: gateway d/e: no name to dial",
            "jackfield.toml:15:1: sip.gateway: gateway f: only UDP, TCP and TLS, not ws",
            "jackfield.toml:19:1: sip.gateway: a gateway has no name",
        ],
    );
    let twice = "[[sip.gateway]]\nname = \"a\"\nusername = \"u\"\n";
    check_errors(
        toml(&format!(
            "{twice}{twice}[[sip.gateway]]\nname = \"b\"\nprofile = \"nosuch\"\nusername = \"u\"\n"
        )),
        &[
            "jackfield.toml:4:1: sip.gateway.name: a is there already",
            "jackfield.toml:7:1: sip.gateway.profile: no profile is called nosuch",
        ],
    );
}

#[test]
fn what_a_gateway_of_xml_cannot_be_is_noted_and_what_is_mistyped_refused() {
    let folder = |xml: &str| {
        Folder::new(&[
            ("jackfield.toml", "[xml]\nroot = \"fs.xml\"\n"),
            ("fs.xml", xml),
        ])
    };
    let ws = folder(&IN_XML.replace("value=\"tcp\"", "value=\"ws\""));
    let loaded = ws.load().unwrap();
    assert!(gateways(&loaded).is_empty());
    let notes = ws.shown(&loaded.notes);
    assert_eq!(
        notes,
        ["fs.xml:3:1: gateway carrier: only UDP, TCP and TLS, not ws; it is left out"]
    );
    let twice = IN_XML.replace(
        "</gateways>",
        "<gateway name=\"Carrier\"><param name=\"username\" value=\"u\"/></gateway></gateways>",
    );
    check_errors(
        folder(&twice).load(),
        &["fs.xml:2:1: gateway Carrier is there already"],
    );
    let mistyped = folder(&IN_XML.replace("value=\"600\"", "value=\"soon\""));
    check_errors(
        mistyped.load(),
        &["fs.xml:11:38: expire-seconds: expected a number from 1 to 86400, not \"soon\""],
    );
}
