//! Names that clients give files, made harmless.

use std::sync::Arc;

/// Longest name of a file, in bytes.
const MAX_NAME: usize = 120;

/// A name without anything that a file system, a header or a shell could take for more than a name.
pub(crate) fn sanitised(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut clean: String = last
        .chars()
        .map(|c| {
            if c.is_control() || "<>:\"|?*\u{202e}\u{202d}\u{2066}\u{2067}\u{2068}".contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let leading = |c: char| c == '.' || c.is_whitespace();
    clean = clean.trim_start_matches(leading).trim_end().to_owned();
    if clean.len() > MAX_NAME {
        let (stem, extension) = split(&clean);
        clean = fitted(stem, extension).trim_end().to_owned();
    }
    if clean.is_empty() {
        clean.push_str("file");
    }
    clean
}

/// `plan` and `.pdf`; what is too long for an extension is none.
fn split(name: &str) -> (&str, &str) {
    let may_be = |at: &usize| *at > 0 && name.len() - at < 20;
    match name.rfind('.').filter(may_be) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    }
}

/// As much of a stem as leaves room for what comes after it.
fn fitted(stem: &str, rest: &str) -> String {
    let most = MAX_NAME.saturating_sub(rest.len()).min(stem.len());
    let end = (0..=most).rev().find(|at| stem.is_char_boundary(*at));
    format!("{}{rest}", &stem[..end.unwrap_or(0)])
}

/// The name itself, or `name-1.ext`, `name-2.ext` and so on.
pub(crate) fn unused(name: &str, is_taken: impl Fn(&str) -> bool) -> Arc<str> {
    if !is_taken(name) {
        return name.into();
    }
    let (stem, extension) = split(name);
    let mut number = 1_usize;
    loop {
        let next = fitted(stem, &format!("-{number}{extension}"));
        if !is_taken(&next) {
            return next.into();
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_only_names() {
        for (given, clean) in [
            ("plan.pdf", "plan.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            (".ssh", "ssh"),
            (" a\r\nX: y ", "a__X_ y"),
            ("a\0b", "a_b"),
            ("\u{202e}fdp.exe", "_fdp.exe"),
            ("größe.txt", "größe.txt"),
            (".. /x/.. ", "file"),
            (". .htaccess", "htaccess"),
            (". ..", "file"),
            (".\u{a0}. x . ", "x ."),
        ] {
            assert_eq!(sanitised(given), clean, "{given:?}");
            assert_eq!(sanitised(clean), clean, "once is enough");
        }
        let long = sanitised(&format!("{}.pdf", "ä".repeat(200)));
        assert!(long.len() <= MAX_NAME && long.ends_with("ä.pdf"));
        for long in [
            format!("a.{}", "b".repeat(500)),
            format!("{} {}", "a".repeat(119), "b".repeat(30)),
            format!("{}.pdf", "ä ".repeat(200)),
        ] {
            let clean = sanitised(&long);
            assert!(clean.len() <= MAX_NAME && clean.len() > MAX_NAME - 3);
            assert_eq!(sanitised(&clean), clean, "{long}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        assert_eq!(unused("a", |name| name == "a").as_ref(), "a-1");
        for long in [
            "ä".repeat(60),
            format!("{}.pdf", "b".repeat(116)),
            format!("a.{}", "c".repeat(118)),
        ] {
            let other = unused(&long, |name| *name == long);
            assert!(other.len() <= MAX_NAME && *other != *long, "{other}");
            assert_eq!(*sanitised(&other), *other, "a restart finds it");
        }
    }
}
