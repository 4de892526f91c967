//! The whole configuration, loaded.

use std::collections::HashMap;
use std::path::Path;

use super::preprocess::malformed_files;
use super::{
    Complaints, ConfigError, Expanded, Files, Globals, Origin, Origins, Tree, elements, preprocess,
};
use crate::dialplan::Dialplan;
use crate::directory::Directory;
use crate::phrases::Phrases;

/// What a configuration folder says, in the form the switch uses.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Variables set with `X-PRE-PROCESS`, on top of those given.
    pub globals: Globals,
    /// Contexts and their extensions, expressions compiled.
    pub dialplan: Dialplan,
    /// Domains, groups, users.
    pub directory: Directory,
    /// Macros of spoken phrases, by language.
    pub(crate) phrases: Phrases,
    /// Suspicious but accepted.
    pub warnings: Vec<ConfigError>,
    modules: HashMap<Box<str>, ModuleXml>,
}

/// The text of one `<configuration name="….conf">`, for whoever owns that module to read.
#[derive(Debug, Clone)]
pub struct ModuleXml {
    /// The element, pre-processed, comments dropped: a well-formed document of its own.
    pub xml: String,
    origins: Origins,
}

impl ModuleXml {
    /// Where byte `offset` of `xml` was typed, for complaints about its settings.
    pub fn origin(&self, offset: usize) -> Origin {
        self.origins.locate(&self.xml, offset)
    }
}

impl Configuration {
    /// Loads everything below `root`, usually `freeswitch.xml`.
    ///
    /// # Errors
    /// Every problem of every file and section, sorted by file and line.
    pub fn load(
        files: &dyn Files,
        root: &Path,
        globals: Globals,
    ) -> Result<Self, Vec<ConfigError>> {
        let expanded = preprocess(files, root, globals.clone())?;
        let tree = match Tree::parse(&expanded) {
            Ok(tree) => tree,
            Err(first) => {
                let mut all = malformed_files(files, root, globals);
                if all.is_empty() {
                    // Each file is fine alone, so a tag opened in one is closed in another.
                    all.push(first);
                }
                return Err(all);
            }
        };
        Self::read(&tree, &expanded)
    }

    fn read(tree: &Tree<'_>, expanded: &Expanded) -> Result<Self, Vec<ConfigError>> {
        let mut complaints = Complaints::new(tree);
        let dialplan = Dialplan::read(tree.sections("dialplan"), &mut complaints);
        let directory = Directory::read(tree.sections("directory"), &mut complaints);
        let of_languages = tree.sections("languages").chain(tree.sections("phrases"));
        let phrases = Phrases::read(of_languages, &mut complaints);
        let mut modules = HashMap::new();
        for section in tree.sections("configuration") {
            for node in elements(section).filter(|n| n.has_tag_name("configuration")) {
                let Some(name) = node.attribute("name") else {
                    complaints.error(node, "a configuration has no name");
                    continue;
                };
                let module = ModuleXml {
                    xml: tree.text_of(node).to_owned(),
                    origins: tree.origins_of(node),
                };
                if modules.contains_key(name) {
                    let message =
                        format!("{name} is configured a second time; the first one counts");
                    complaints.warn(node, message);
                } else {
                    modules.insert(name.into(), module);
                }
            }
        }
        let Complaints {
            mut errors,
            warnings,
            ..
        } = complaints;
        if errors.is_empty() {
            Ok(Self {
                globals: expanded.globals.clone(),
                dialplan,
                directory,
                phrases,
                warnings,
                modules,
            })
        } else {
            errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            Err(errors)
        }
    }

    /// The settings of a module by configuration name, such as `acl.conf`.
    pub fn module(&self, name: &str) -> Option<&ModuleXml> {
        self.modules.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_xml::{BUILT_IN_ROOT, TextFiles, built_in};
    use crate::lookup::tests::Fixed;

    fn load(list: &[(&str, &str)]) -> Result<Configuration, Vec<String>> {
        let mut files = TextFiles::new();
        for (path, text) in list {
            files.insert(path, *text);
        }
        Configuration::load(&files, "/c/root.xml".as_ref(), Globals::new())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn malformed_files_are_all_named() {
        let errors = load(&[
            ("/c/root.xml", "<document>\n<section name=\"dialplan\"><X-PRE-PROCESS cmd=\"include\" data=\"d/*.xml\"/></section>\n</document>"),
            ("/c/d/a.xml", "<include>\n  <context name=\"a\">\n</include>"),
            ("/c/d/b.xml", "<include>\n  <context name=\"b\"/>\n</include>"),
            ("/c/d/c.xml", "<include>\n  <context name=\"c\" name=\"d\"/>\n</include>"),
            ("/c/d/d.xml", "<!DOCTYPE x [<!ENTITY e \"e\">]><a/>"),
        ])
        .unwrap_err();
        let places: Vec<_> = errors
            .iter()
            .map(|e| e.splitn(3, ':').take(2).collect::<Vec<_>>().join(":"))
            .collect();
        assert_eq!(
            places,
            ["/c/d/a.xml:3", "/c/d/c.xml:2", "/c/d/d.xml:1"],
            "{errors:#?}"
        );
    }

    #[test]
    fn a_tag_may_be_closed_in_another_file_but_must_be_closed() {
        let root = "<X-PRE-PROCESS cmd=\"include\" data=\"a.xml\"/><b/></a>";
        assert!(load(&[("/c/root.xml", root), ("/c/a.xml", "<a>")]).is_ok());
        let errors = load(&[("/c/root.xml", root), ("/c/a.xml", "<c>")]).unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("/c/a.xml:1:4: "), "{errors:?}");
        assert!(errors[1].starts_with("/c/root.xml:1:"), "{errors:?}");
    }

    #[test]
    fn errors_of_all_sections_come_together_and_sorted() {
        let errors = load(&[(
            "/c/root.xml",
            "<document>\n<section name=\"directory\"><domain/></section>\n\
             <section name=\"dialplan\"><context name=\"a\"><extension name=\"x\">\n\
             <condition field=\"destination_number\" expression=\"^(10$\"/></extension></context></section>\n\
             <section name=\"configuration\"><configuration/></section></document>",
        )])
        .unwrap_err();
        assert_eq!(errors.len(), 3, "{errors:#?}");
        assert_eq!(errors[0], "/c/root.xml:2:27: a domain has no name");
        assert!(
            errors[1].starts_with("/c/root.xml:4:51: expression \"^(10$\": "),
            "{}",
            errors[1]
        );
        assert_eq!(errors[2], "/c/root.xml:5:31: a configuration has no name");
    }

    #[test]
    fn modules_are_kept_as_text() {
        let loaded = load(&[
            ("/c/root.xml", "<X-PRE-PROCESS cmd=\"set\" data=\"p=8021\"/><section name=\"configuration\"><X-PRE-PROCESS cmd=\"include\" data=\"m.xml\"/></section>"),
            ("/c/m.xml", "<!-- x -->\n<configuration name=\"event_socket.conf\">\n<settings>\n<!-- two\nlines -->\n<param name=\"listen-port\" value=\"$${p}\"/></settings></configuration>"),
        ])
        .unwrap();
        let module = loaded.module("event_socket.conf").unwrap();
        assert_eq!(
            module.xml,
            "<configuration name=\"event_socket.conf\">\n<settings>\n\n<param name=\"listen-port\" value=\"8021\"/></settings></configuration>"
        );
        for (needle, place) in [
            ("<conf", "2:1"),
            ("<settings", "3:1"),
            ("<param", "6:1"),
            ("8021", "6:34"),
            ("/>", "6:40"),
        ] {
            let origin = module.origin(module.xml.find(needle).unwrap());
            assert_eq!(
                format!("{}:{}:{}", origin.file, origin.line, origin.column),
                format!("/c/m.xml:{place}")
            );
        }
        assert!(loaded.module("acl.conf").is_none());
    }

    fn built() -> Configuration {
        Configuration::load(&built_in(), BUILT_IN_ROOT.as_ref(), Globals::new())
            .unwrap_or_else(|errors| panic!("{errors:#?}"))
    }

    fn applications(context: &str, number: &str, source: &str) -> Vec<String> {
        let mut caller = Fixed::new(&[("@destination_number", number), ("@source", source)]);
        let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        let route = built().dialplan.route(context, &mut caller, &now).unwrap();
        route
            .actions
            .iter()
            .map(|a| {
                format!("{} {}", a.application, a.data)
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn the_built_in_configuration_has_no_warning() {
        let built = built();
        assert_eq!(built.warnings, []);
        for name in [
            "acl.conf",
            "callcenter.conf",
            "conference.conf",
            "event_socket.conf",
            "sofia.conf",
            "switch.conf",
        ] {
            let module = built
                .module(name)
                .unwrap_or_else(|| panic!("{name} is shipped"));
            assert!(roxmltree::Document::parse(&module.xml).is_ok(), "{name}");
        }
        assert_eq!(built.globals.get("domain_name"), Some("127.0.0.1"));
        assert_eq!(
            built.directory.domain("127.0.0.1").unwrap().users().count(),
            20
        );
    }

    #[test]
    fn the_built_in_numbers_do_what_they_promise() {
        assert_eq!(
            applications("default", "9196", "mod_loopback"),
            ["answer", "echo"]
        );
        assert_eq!(
            applications("default", "9197", "mod_loopback"),
            ["answer", "playback {loops=-1}tone_stream://%(251,0,1004)"]
        );
        assert_eq!(applications("default", "9198", "mod_loopback").len(), 2);
        assert_eq!(
            applications("default", "3042", "mod_loopback"),
            ["answer", "conference 3042-${domain_name}@default"]
        );
        assert_eq!(
            applications("default", "3119", "mod_loopback"),
            ["answer", "conference 3119-${domain_name}@spatial"]
        );
        assert_eq!(
            applications("default", "5000", "mod_loopback"),
            ["answer", "park"]
        );
        assert_eq!(
            applications("default", "5001", "mod_loopback"),
            [
                "answer",
                "set hangup_after_bridge=true",
                "callcenter support@default"
            ]
        );
        assert_eq!(
            applications("default", "7486", "mod_loopback"),
            ["respond 486"]
        );
        assert_eq!(
            applications("default", "9180", "mod_loopback"),
            ["ring_ready", "sleep 20000", "hangup NO_ANSWER"]
        );
        assert!(
            applications("default", "1019", "mod_loopback")
                .contains(&"bridge user/1019@${domain_name}".to_owned())
        );
        for nobody in ["1020", "999", "3120", "9999999", "91960"] {
            assert_eq!(
                applications("default", nobody, "mod_loopback"),
                ["hangup UNALLOCATED_NUMBER"],
                "{nobody}"
            );
        }
    }

    #[test]
    fn a_call_of_nobody_is_stamped_and_sent_on() {
        let date = "export RFC2822_DATE=${strftime(%a, %d %b %Y %T %z)}";
        assert_eq!(
            applications("public", "9196", "mod_sofia"),
            ["set outside_call=true", date, "transfer 9196 XML default"]
        );
        assert_eq!(
            applications("default", "9196", "mod_sofia"),
            [date, "answer", "echo"]
        );
        assert_eq!(
            applications("public", "0015551234", "mod_sofia"),
            ["set outside_call=true", date]
        );
    }
}
