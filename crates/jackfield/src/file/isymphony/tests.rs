use door_isymphony::{Config, Licensing};

use crate::file::tests::{check_errors, toml};

fn door(text: &str) -> Option<Config> {
    let loaded = toml(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    loaded.settings.isymphony
}

#[test]
fn the_door_is_open_on_this_machine_until_the_file_says_otherwise() {
    let usual = door("").unwrap();
    assert!(usual.credentials.are_usual() && usual.starter && usual.tls.is_some());
    assert_eq!(usual.listen, ["127.0.0.1:58080".parse().unwrap()]);
    assert_eq!(usual.tls_listen, ["127.0.0.1:55050".parse().unwrap()]);
    assert!(door("[door.isymphony]\nlisten = []\ntls_listen = []\n").is_none());
    let own = door(
        "[door.isymphony]\nacl = [\"10.0.0.0/8\", \"192.0.2.1\"]\nlisten = \"0.0.0.0:58080\"\nuser = \"panel\"\npassword = \"other\"\n\
         licensing = \"compat\"\nstarter = \"empty\"\ncontext = \"default\"\n",
    )
    .unwrap();
    assert!(!own.credentials.are_usual() && !own.starter);
    assert_eq!(own.licensing, Licensing::Compatible);
    assert_eq!(own.allow.len(), 2);
    assert_eq!(own.context.as_deref(), Some("default"));
}

#[test]
fn the_panel_offers_statuses() {
    assert!(door("").unwrap().statuses.is_empty());
    let own = door("[[door.isymphony.status]]\nname = \"Lunch\"\ntype = \"away\"\n").unwrap();
    let [lunch] = &own.statuses[..] else {
        panic!("{:?}", own.statuses);
    };
    assert_eq!((&*lunch.name, lunch.kind.name()), ("Lunch", "away"));
    let one = "[[door.isymphony.status]]\nname = \"Lunch\"\ntype = \"away\"\n";
    for wrong in [
        format!("{one}{one}"),
        "[[door.isymphony.status]]\ntype = \"away\"\n".to_owned(),
        "[[door.isymphony.status]]\nname = \"Lunch\"\n".to_owned(),
        "[[door.isymphony.status]]\nname = \"Lunch\"\ntype = \"sleepy\"\n".to_owned(),
        "[[door.isymphony.status]]\nname = \"Lunch\"\ntype = \"away\"\ncolour = 1\n".to_owned(),
    ] {
        let problems = toml(&wrong).err().map(|problems| problems.len());
        assert_eq!(problems, Some(1), "{wrong}");
    }
}

#[test]
fn the_panel_has_groups_and_a_page() {
    use door_isymphony::{Crm, Right};
    let usual = door("").unwrap();
    assert!(usual.groups.is_empty());
    assert_eq!(
        usual.crm,
        Some(Crm::own_card()),
        "the built-in users see the card"
    );
    let off = door("[door.isymphony.crm]\nurl = \"off\"\n").unwrap();
    assert_eq!(off.crm, None);
    let own = door(
        "[[door.isymphony.group]]\nname = \"default\"\nown = [\"call\", \"hangup\"]\n\n[[door.isymphony.group]]\nname = \"support\"\n\
         users = [\"1001\", \"1002\"]\nothers = \"all\"\non = [\"5001\"]\n\n\
         [door.isymphony.crm]\nurl = \"https://crm.example.org/?n={did1}\"\nevent = \"dial\"\ntitle = \"Orders\"\n",
    )
    .unwrap();
    let [everybody, support] = &own.groups[..] else {
        panic!("{:?}", own.groups);
    };
    assert!(everybody.own.has(Right::Call) && !everybody.own.has(Right::Hold));
    assert!(
        !everybody.others.has(Right::See),
        "nothing is said of others"
    );
    assert!(support.own.has(Right::Record) && support.others.has(Right::Record));
    assert_eq!(support.users.len(), 2);
    assert!(support.on.as_ref().unwrap().contains("5001"));
    let crm = own.crm.unwrap();
    assert_eq!(
        (crm.source(), crm.event(), crm.title()),
        ("https://crm.example.org", "dial", "Orders")
    );
}

#[test]
fn mistakes_in_what_the_panel_has_are_named() {
    check_errors(
        toml(
            "[[door.isymphony.group]]\nname = \"a\"\nown = [\"fly\"]\nusers = [\"x\"]\n\n[[door.isymphony.group]]\nname = \"b\"\n\n\
             [[door.isymphony.group]]\nusers = [\"x\"]\n\n[[door.isymphony.group]]\nname = \"a\"\nusers = [\"x\"]\non = [\"5001\"]\nusrs = []\n\n\
             [door.isymphony.crm]\nurl = \"javascript:{phone}\"\nevent = \"answer\"\n",
        ),
        &[
            "jackfield.toml:3:8: door.isymphony.group.own: expected some of all, see, calls",
            "jackfield.toml:6:1: door.isymphony.group: nobody is in the group \"b\"",
            "jackfield.toml:9:1: door.isymphony.group: a group needs a name",
            "jackfield.toml:12:1: door.isymphony.group: the group \"a\" says with `on`",
            "jackfield.toml:12:1: door.isymphony.group: there are two groups \"a\"",
            "jackfield.toml:16:1: door.isymphony.group.usrs: unknown key, did you mean users?",
            "jackfield.toml:19:7: door.isymphony.crm.url: no event has a property \"phone\"",
            "jackfield.toml:19:7: door.isymphony.crm.url: the page must be at http:// or https://",
            "jackfield.toml:20:9: door.isymphony.crm.event: there is no event \"answer\" of users",
        ],
    );
    check_errors(
        toml("[door.isymphony.crm]\nevent = \"dial\"\n"),
        &["jackfield.toml:2:9: door.isymphony.crm: a page needs a url"],
    );
}

#[test]
fn mistakes_are_named() {
    check_errors(
        toml(
            "[door.isymphony]\nacl = [\"0.0.0.0/0\"]\nlisten = \"0.0.0.0:58080\"\npassword = \"manag3rpa55word\"\nlicensing = \"free\"\nuser = \"a:b\"\n",
        ),
        &[
            "jackfield.toml:4:12: door.isymphony.password: the well-known password is for this machine only",
            "jackfield.toml:4:12: door.isymphony: user and password make no credentials",
            "jackfield.toml:5:13: door.isymphony.licensing: expected \"open\" or \"compat\"",
        ],
    );
    check_errors(
        toml("[door.isymphony]\nkey = \"k\"\nacl = [\"nowhere\"]\n"),
        &[
            "jackfield.toml:1:1: door.isymphony: certificate and key go together",
            "jackfield.toml:3:8: door.isymphony.acl: expected an address or a network",
        ],
    );
}
