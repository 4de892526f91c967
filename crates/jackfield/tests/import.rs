//! `jackfield import`, over files as they may have been.

mod support;

use std::net::TcpListener;
use std::process::Output;

use support::{Folder, program, text};

const SECURITY: &str = r#"<Security><SSLKeystore filename="keystore.jks" keystorePassword="one" certAlias="panel"/>
<SecurityContext servlet="communication_manager"><ACL><allow>10.0.0.0/8</allow></ACL>
<User username="ana" password="two"/></SecurityContext></Security>"#;

const VERSION_2: &str = r#"<location name="Office"><tenant name="Main">
<extension extension_val="201" name="Ana" peer="SIP/201"/>
<profile name="ana" password="secret" managed_extensions="201"/>
<queue name="Support" queue_val="5001"/><status name="Lunch" type="away"/>
<permission_group name="lead" hangup="1"><profile name="ana"/></permission_group></tenant></location>"#;

/// What of it belongs into the configuration file.
const LINES: &str = r#"# For the configuration file:
[[door.isymphony.status]]
name = "Lunch"
type = "away"
[[door.isymphony.group]]
name = "lead"
users = ["ana"]
own = "all"
others = ["see", "calls", "hangup"]
"#;

fn import(folder: &Folder, words: &[&str]) -> Output {
    let mut command = program();
    command.current_dir(&folder.0).arg("import").args(words);
    command.output().expect("the program runs")
}

#[test]
fn a_security_file_becomes_lines_the_server_takes() {
    let folder = Folder::new(&[("security.xml", SECURITY)]);
    let words = [
        "isymphony-security",
        "security.xml",
        "--output",
        "jackfield.toml",
    ];
    let output = import(&folder, &words);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("understood: 10.0.0.0/8 may ask"), "{said}");
    assert!(!said.contains("two") && !said.contains("one,"), "{said}");
    let lines = std::fs::read_to_string(folder.0.join("jackfield.toml")).unwrap();
    assert!(lines.contains("password = \"two\""), "{lines}");
    // Nothing is written over.
    assert!(!import(&folder, &words).status.success());
    let check = program()
        .current_dir(&folder.0)
        .args(["check", "--config", "jackfield.toml"])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", text(&check.stdout));
    // Without a file the lines alone are printed.
    let printed = import(&folder, &words[..2]);
    assert_eq!(text(&printed.stdout), lines);
}

#[test]
fn a_second_import_writes_nothing() {
    let toml = "[store]\npath = \"store.db\"\n[door.isymphony]\nlisten = \"127.0.0.1:0\"\ntls_listen = []\n";
    let folder = Folder::new(&[("jackfield.toml", toml), ("old.xml", VERSION_2)]);
    let run = || {
        import(
            &folder,
            &["isymphony2", "old.xml", "--config", "jackfield.toml"],
        )
    };
    let first = run();
    assert_eq!(
        text(&first.stdout),
        format!("5 made, 0 changed, 0 as they were.\n{LINES}"),
        "{}",
        text(&first.stderr)
    );
    assert!(text(&first.stderr).contains("understood: status Lunch"));
    assert_eq!(
        text(&run().stdout),
        format!("0 made, 0 changed, 5 as they were.\n{LINES}")
    );
    std::fs::write(folder.0.join("with.toml"), format!("{toml}{LINES}")).unwrap();
    let check = program()
        .current_dir(&folder.0)
        .args(["check", "--config", "with.toml"])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", text(&check.stdout));
}

#[test]
fn what_would_be_lost_is_not_imported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let running = format!(
        "[store]\npath = \"store.db\"\n[door.isymphony]\nlisten = \"{address}\"\ntls_listen = []\n"
    );
    let folder = Folder::new(&[
        ("memory.toml", "[store]\nkind = \"memory\"\n"),
        ("running.toml", &running),
        ("old.xml", VERSION_2),
        ("entity.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
    ]);
    for (config, file, why) in [
        ("memory.toml", "old.xml", "[store] is in memory"),
        ("running.toml", "old.xml", "something listens on"),
        ("running.toml", "entity.xml", "no XML"),
        ("running.toml", "none.xml", "reading none.xml"),
    ] {
        let output = import(&folder, &["isymphony2", file, "--config", config]);
        assert!(!output.status.success());
        let said = text(&output.stderr);
        assert!(said.contains(why), "{said}");
    }
    assert!(!folder.0.join("store.db").exists());
}
