//! Reliable provisional responses and session timers of the SIP profiles: `sofia.conf` as FreeSWITCH has it, and
//! `[[sip.profile]]` over it.

use std::time::Duration;

use switch_core::config::{Extensions, TimerTerms};

use super::module_params::Param;
use super::problem::Problem;
use super::toml_tree::Table;

/// Peers may use session timers, and none is asked for.
const TERMS: TimerTerms = TimerTerms {
    interval_s: None,
    minimum_s: TimerTerms::USUAL_MINIMUM_S,
};

/// What a profile has before any file has spoken.
pub(super) fn usual() -> Extensions {
    Extensions {
        reliable: false,
        timer: Some(TERMS),
    }
}

/// What one place of the configuration says; `None` where it says nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Section {
    reliable: Option<bool>,
    timers: Option<bool>,
    /// Seconds; 0 asks for no timer.
    interval_s: Option<u32>,
    /// Seconds, at least 1.
    minimum_s: Option<u32>,
}

/// Whether a parameter of `sofia.conf` is read here.
pub(super) fn is_param(name: &str) -> bool {
    matches!(
        name,
        "enable-100rel" | "enable-timer" | "session-timeout" | "minimum-session-expires"
    )
}

/// The parameters of one profile.
pub(super) fn of_xml(params: &[Param], problems: &mut Vec<Problem>) -> Section {
    let mut section = Section::default();
    for param in params {
        match param.name.as_str() {
            "enable-100rel" => section.reliable = Some(param.is_true()),
            "enable-timer" => section.timers = Some(param.is_true()),
            "session-timeout" => section.interval_s = param.number(problems),
            "minimum-session-expires" => {
                let seconds = |text: &str| text.parse().ok().filter(|seconds| *seconds > 0);
                section.minimum_s = param.parse("seconds, at least 1", seconds, problems);
            }
            _ => {}
        }
    }
    section
}

/// Reads those keys of a section.
pub(super) fn read(table: &mut Table<'_>) -> Section {
    Section {
        reliable: table.boolean("enable_100rel"),
        timers: table.boolean("enable_timer"),
        interval_s: table.duration("session_timeout").map(seconds),
        minimum_s: table
            .duration("minimum_session_expires")
            .map(|time| seconds(time).max(1)),
    }
}

/// Whole seconds; what is begun counts.
fn seconds(time: Duration) -> u32 {
    let begun = u64::from(time.subsec_nanos() > 0);
    u32::try_from(time.as_secs().saturating_add(begun)).unwrap_or(u32::MAX)
}

impl Section {
    /// Changes what it speaks of.
    pub(super) fn lay_over(self, extensions: &mut Extensions) {
        extensions.reliable = self.reliable.unwrap_or(extensions.reliable);
        let mut terms = extensions.timer.unwrap_or(TERMS);
        if let Some(seconds) = self.interval_s {
            terms.interval_s = Some(seconds).filter(|seconds| *seconds > 0);
        }
        terms.minimum_s = self.minimum_s.unwrap_or(terms.minimum_s);
        let is_on = self.timers.unwrap_or(extensions.timer.is_some());
        extensions.timer = is_on.then_some(terms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::convert::Loaded;
    use crate::file::tests::{Folder, check_errors, toml};

    const XML: &str = r#"<document type="freeswitch/xml"><section name="configuration">
<configuration name="sofia.conf"><profiles><profile name="internal"><settings>
  <param name="sip-ip" value="127.0.0.1"/>PARAMS
</settings></profile></profiles></configuration></section></document>"#;

    fn load(xml: &[(&str, &str)], keys: &str) -> Result<Loaded, Vec<String>> {
        let params: String = xml
            .iter()
            .map(|(name, value)| format!("<param name=\"{name}\" value=\"{value}\"/>"))
            .collect();
        let text =
            format!("[xml]\nroot = \"fs.xml\"\n[[sip.profile]]\nname = \"internal\"\n{keys}");
        let xml = XML.replace("PARAMS", &params);
        Folder::new(&[("jackfield.toml", &text), ("fs.xml", &xml)]).load()
    }

    fn of(xml: &[(&str, &str)], keys: &str) -> Extensions {
        let loaded = load(xml, keys).unwrap();
        assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
        loaded.settings.switch.switch.profiles[0].extensions
    }

    #[test]
    fn keys_of_a_section_lie_over_parameters_of_the_xml() {
        let built_in = toml("").unwrap().settings.switch.switch.profiles[0].extensions;
        assert_eq!((of(&[], ""), built_in), (usual(), usual()));
        let xml = [
            ("enable-100rel", "true"),
            ("session-timeout", "1800"),
            ("minimum-session-expires", "120"),
        ];
        let all = Extensions {
            reliable: true,
            timer: Some(TimerTerms {
                interval_s: Some(1800),
                minimum_s: 120,
            }),
        };
        assert_eq!(of(&xml, ""), all);
        let keys = "enable_100rel = true\nsession_timeout = \"30min\"\nminimum_session_expires = \"119500ms\"";
        assert_eq!(of(&[], keys), all);
        assert_eq!(of(&[("enable-timer", "false")], "").timer, None);
        assert_eq!(of(&xml, "enable_timer = false").timer, None);
        let none = of(&xml, "session_timeout = \"0s\"").timer.unwrap();
        assert_eq!((none.interval_s, none.minimum_s), (None, 120));
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let wrong = [
            ("session-timeout", "soon"),
            ("minimum-session-expires", "0"),
        ];
        let errors = load(&wrong, "").err().unwrap();
        assert_eq!(errors.len(), 2, "{errors:?}");
        check_errors(
            load(&[], "enable_100rel = 1"),
            &["jackfield.toml:5:17: sip.profile.enable_100rel"],
        );
    }
}
