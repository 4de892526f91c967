//! What `a=fmtp` says of H.264, as far as two sides must agree on it (RFC 6184 §8.1, §8.2.2).

/// The parameters that decide whether one side understands the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parameters {
    profile_idc: u8,
    profile_iop: u8,
    level_idc: u8,
    /// 0: each packet is one NAL unit; 1: units may be put together and cut; 2: also interleaved.
    packetization_mode: u8,
    level_asymmetry: bool,
}

/// The decoder a profile asks for. Baseline and constrained baseline count as one: what baseline has beyond, no phone
/// sends, and phones write the one where they mean the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    Baseline,
    Other(u8, u8),
}

impl Parameters {
    /// What is not said has the value the RFC gives it: baseline, level 1, mode 0. `None` for what cannot be read.
    fn parse(fmtp: Option<&str>) -> Option<Self> {
        let mut read = Self {
            profile_idc: 0x42,
            profile_iop: 0,
            level_idc: 0x0a,
            packetization_mode: 0,
            level_asymmetry: false,
        };
        for parameter in fmtp.unwrap_or_default().split(';') {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("profile-level-id") {
                let number = u32::from_str_radix(value, 16).ok();
                let [_, idc, iop, level] = number.filter(|_| value.len() == 6)?.to_be_bytes();
                (read.profile_idc, read.profile_iop, read.level_idc) = (idc, iop, level);
            } else if name.eq_ignore_ascii_case("packetization-mode") {
                read.packetization_mode = value.parse().ok()?;
            } else if name.eq_ignore_ascii_case("level-asymmetry-allowed") {
                read.level_asymmetry = value == "1";
            }
        }
        Some(read)
    }

    /// RFC 6184 §8.1, table 5.
    fn profile(self) -> Profile {
        match (self.profile_idc, self.profile_iop) {
            (0x42, _) => Profile::Baseline,
            (0x4d, iop) if iop & 0x80 != 0 => Profile::Baseline,
            (0x58, iop) if iop & 0xc0 == 0xc0 => Profile::Baseline,
            (idc, iop) => Profile::Other(idc, iop),
        }
    }
}

/// Whether two descriptions mean the same way of coding and packing: profile and packetization-mode are used
/// symmetrically (RFC 6184 §8.2.2), levels may differ.
pub(super) fn is_same(a: Option<&str>, b: Option<&str>) -> bool {
    let both = Parameters::parse(a).zip(Parameters::parse(b));
    both.is_some_and(|(a, b)| {
        a.profile() == b.profile() && a.packetization_mode == b.packetization_mode
    })
}

/// What an answer says: the offerer's profile and mode, at a level of ours where levels may differ, else at the lower one.
pub(super) fn answer(ours: Option<&str>, theirs: Option<&str>) -> Option<String> {
    let (ours, theirs) = Parameters::parse(ours).zip(Parameters::parse(theirs))?;
    let asymmetry = ours.level_asymmetry && theirs.level_asymmetry;
    let level = if asymmetry {
        ours.level_idc
    } else {
        ours.level_idc.min(theirs.level_idc)
    };
    let asymmetry = if asymmetry {
        ";level-asymmetry-allowed=1"
    } else {
        ""
    };
    Some(format!(
        "profile-level-id={:02x}{:02x}{level:02x};packetization-mode={}{asymmetry}",
        theirs.profile_idc, theirs.profile_iop, theirs.packetization_mode
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";

    #[test]
    fn profile_and_mode_must_be_the_same_and_the_level_need_not() {
        for (theirs, same) in [
            (BROWSER, true),
            ("profile-level-id=42800d; packetization-mode=1", true),
            ("profile-level-id=4D801F;packetization-mode=1", true),
            ("packetization-mode=1", true),
            // The other mode, said or not; main and high profile; what cannot be read.
            ("profile-level-id=42e01f;packetization-mode=0", false),
            ("profile-level-id=42e01f", false),
            ("profile-level-id=4d001f;packetization-mode=1", false),
            ("profile-level-id=640c1f;packetization-mode=1", false),
            ("profile-level-id=zz;packetization-mode=1", false),
            ("profile-level-id=42e01f;packetization-mode=x", false),
        ] {
            assert_eq!(is_same(Some(BROWSER), Some(theirs)), same, "{theirs}");
        }
        assert!(is_same(None, Some("profile-level-id=42000a")));
    }

    #[test]
    fn an_answer_keeps_the_profile_and_raises_no_level_unasked() {
        let answer = |theirs| answer(Some(BROWSER), Some(theirs)).unwrap();
        assert_eq!(
            answer("profile-level-id=42800d;packetization-mode=1"),
            "profile-level-id=42800d;packetization-mode=1"
        );
        assert_eq!(
            answer("profile-level-id=428028;packetization-mode=1;level-asymmetry-allowed=1"),
            "profile-level-id=42801f;packetization-mode=1;level-asymmetry-allowed=1"
        );
    }
}
