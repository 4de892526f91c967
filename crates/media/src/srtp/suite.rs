//! Crypto suites and the keys they take.

use std::fmt;

/// A crypto suite, as `a=crypto` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// RFC 7714 §14.2.
    AeadAes256Gcm,
    /// RFC 7714 §14.2.
    AeadAes128Gcm,
    /// RFC 6188 §3.
    Aes256CmSha1_80,
    /// RFC 4568 §6.2.1.
    Aes128CmSha1_80,
    /// RFC 6188 §3.
    Aes256CmSha1_32,
    /// RFC 4568 §6.2.2.
    Aes128CmSha1_32,
}

impl Suite {
    /// All of them, the one we like best first.
    pub const ALL: [Self; 6] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::Aes256CmSha1_80,
        Self::Aes128CmSha1_80,
        Self::Aes256CmSha1_32,
        Self::Aes128CmSha1_32,
    ];

    /// As registered for SDP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::Aes256CmSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Aes128CmSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Aes256CmSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::Aes128CmSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// From its name, in any case: suites are registered in capitals, and some phones write others.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of a master key: 16 or 32.
    #[must_use]
    pub fn key_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::Aes256CmSha1_80 | Self::Aes256CmSha1_32 => 32,
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 | Self::Aes128CmSha1_32 => 16,
        }
    }

    /// Bytes of a master salt: 12 (RFC 7714 §12) or 14.
    #[must_use]
    pub fn salt_bytes(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    pub(super) fn is_aead(self) -> bool {
        matches!(self, Self::AeadAes256Gcm | Self::AeadAes128Gcm)
    }

    /// Bytes of the tag of an RTP packet. RTCP has ten with all suites that have four here (RFC 4568 §6.2.2).
    pub(super) fn rtp_tag_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 16,
            Self::Aes256CmSha1_80 | Self::Aes128CmSha1_80 => 10,
            Self::Aes256CmSha1_32 | Self::Aes128CmSha1_32 => 4,
        }
    }

    pub(super) fn rtcp_tag_bytes(self) -> usize {
        if self.is_aead() { 16 } else { 10 }
    }
}

/// A master key with its salt. Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: [u8; Self::MAX_BYTES],
}

impl MasterKey {
    /// Longest key with its salt.
    pub const MAX_BYTES: usize = 46;

    /// Key and salt behind each other; `None` when there are not as many bytes as the suite wants.
    #[must_use]
    pub fn new(suite: Suite, key_and_salt: &[u8]) -> Option<Self> {
        if key_and_salt.len() != suite.key_bytes() + suite.salt_bytes() {
            return None;
        }
        let mut bytes = [0; Self::MAX_BYTES];
        bytes[..key_and_salt.len()].copy_from_slice(key_and_salt);
        Some(Self { suite, bytes })
    }

    /// What it is for.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt behind each other.
    #[must_use]
    pub fn key_and_salt(&self) -> &[u8] {
        &self.bytes[..self.suite.key_bytes() + self.suite.salt_bytes()]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKey").field(&self.suite).finish()
    }
}
