//! What is said about web applications that control calls.

use std::time::Duration;

use super::*;

#[test]
fn only_this_machine_is_asked_until_the_file_says_more() {
    let usual = toml("").unwrap().settings.webapp;
    let hosts: Vec<&str> = usual.hosts.iter().map(|host| host.host.as_str()).collect();
    assert_eq!(hosts, ["localhost", "127.0.0.1", "::1"]);
    assert!(usual.applications.is_empty() && usual.authorities.is_none());
    let given = "[door.webapp]\nhosts = [\"IVR.example:8000\"]\nca = \"ca.pem\"\nanswer_time = \"3s\"\n\
        retries = 0\n[[door.webapp.application]]\nname = \"menu\"\nurl = \"https://ivr.example/menu\"\n\
        secret = \"0123456789abcdef\"\n";
    let said = toml(given).unwrap().settings.webapp;
    let host = &said.hosts[0];
    assert_eq!((host.host.as_str(), host.port), ("ivr.example", Some(8000)));
    assert_eq!(
        (said.answer_time, said.retries),
        (Duration::from_secs(3), 0)
    );
    assert!(
        said.authorities
            .is_some_and(|path| path.ends_with("ca.pem"))
    );
    let application = &said.applications[0];
    assert_eq!(application.url.to_string(), "https://ivr.example:443/menu");
    assert!(application.secret.is_some());
}

#[test]
fn what_is_wrong_about_web_applications_is_said() {
    check_errors(
        toml(
            "[door.webapp]\nhosts = [\"http://a\"]\nretries = 11\n[[door.webapp.application]]\nname = \"a\"\n\
             [[door.webapp.application]]\nname = \"b\"\nurl = \"http://me:pw@b/\"\n",
        ),
        &[
            "jackfield.toml:2:10: door.webapp.hosts: expected hosts",
            "jackfield.toml:3:11: door.webapp.retries: expected a number from 0 to 10",
            "jackfield.toml:4:1: door.webapp.application: needs name and url",
            "jackfield.toml:6:1: door.webapp.application: needs name and url",
            "jackfield.toml:8:7: door.webapp.application.url: expected an address",
        ],
    );
    check_errors(
        toml(
            "[[door.webapp.application]]\nname = \"a\"\nurl = \"http://a/\"\nsecret = \"short\"\n",
        ),
        &["jackfield.toml:1:1: door.webapp: application a: secret: needs 16 bytes"],
    );
}
