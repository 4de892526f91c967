//! Session keys: derived from a master key once (RFC 3711 §4.3, key derivation rate 0), used for each packet.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::suite::{MasterKey, Suite};

/// Labels of derivation. RFC 3711 §4.3.2.
const RTP: u8 = 0;
const RTCP: u8 = 3;
const CIPHER: u8 = 0;
const AUTHENTICATION: u8 = 1;
const SALT: u8 = 2;
/// Bytes of a key for HMAC-SHA1. RFC 3711 §5.2.
const AUTHENTICATION_BYTES: usize = 20;

/// What covers packets of one kind, RTP or RTCP, in one direction.
#[expect(
    clippy::large_enum_variant,
    reason = "there are four for a leg, made once and in a box; another box would be one more step for each packet"
)]
pub(super) enum Session {
    /// Counter mode and HMAC-SHA1.
    Counter {
        key: EncryptingKey,
        authentication: hmac::Key,
        salt: [u8; 14],
        tag_bytes: usize,
    },
    /// RFC 7714.
    Gcm { key: LessSafeKey, salt: [u8; 12] },
}

/// Where the number of a packet stands in its nonce: RTP counts 48 bits, RTCP 31.
#[derive(Clone, Copy)]
pub(super) struct Nonces {
    pub(super) ssrc: u32,
    pub(super) index: u64,
}

impl Session {
    pub(super) fn rtp(master: &MasterKey) -> Option<Self> {
        Self::derive(master, RTP, master.suite().rtp_tag_bytes())
    }

    pub(super) fn rtcp(master: &MasterKey) -> Option<Self> {
        Self::derive(master, RTCP, master.suite().rtcp_tag_bytes())
    }

    fn derive(master: &MasterKey, first_label: u8, tag_bytes: usize) -> Option<Self> {
        let suite = master.suite();
        let mut key = [0; 32];
        let key = &mut key[..suite.key_bytes()];
        keystream(master, first_label + CIPHER, key)?;
        let mut salt = [0; 14];
        keystream(master, first_label + SALT, &mut salt[..suite.salt_bytes()])?;
        if suite.is_aead() {
            let algorithm = match suite.key_bytes() {
                32 => &aead::AES_256_GCM,
                _ => &aead::AES_128_GCM,
            };
            return Self::gcm(algorithm, key, salt.first_chunk()?);
        }
        let mut authentication = [0; AUTHENTICATION_BYTES];
        keystream(master, first_label + AUTHENTICATION, &mut authentication)?;
        Some(Self::Counter {
            key: counter_key(suite, key)?,
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication),
            salt,
            tag_bytes,
        })
    }

    /// With a session key that is known already.
    pub(super) fn gcm(
        algorithm: &'static aead::Algorithm,
        key: &[u8],
        salt: &[u8; 12],
    ) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
        Some(Self::Gcm { key, salt: *salt })
    }

    /// Bytes behind the payload.
    pub(super) fn tag_bytes(&self) -> usize {
        match self {
            Self::Counter { tag_bytes, .. } => *tag_bytes,
            Self::Gcm { .. } => 16,
        }
    }

    /// Encrypts the body of an RTP packet and writes its tag.
    pub(super) fn seal_rtp(
        &self,
        nonces: Nonces,
        head: &[u8],
        body: &mut [u8],
        tag: &mut [u8],
    ) -> Option<()> {
        let roc = ((nonces.index >> 16) as u32).to_be_bytes();
        match self {
            Self::Counter {
                key,
                authentication,
                salt,
                ..
            } => {
                count(key, counter_block(salt, nonces), body)?;
                let made = authenticate(authentication, [head, body, &roc]);
                tag.copy_from_slice(made.as_ref().get(..tag.len())?);
            }
            Self::Gcm { key, salt } => {
                let nonce = rtp_nonce(salt, nonces);
                let made = key
                    .seal_in_place_separate_tag(nonce, Aad::from(head), body)
                    .ok()?;
                tag.copy_from_slice(made.as_ref());
            }
        }
        Some(())
    }

    /// Checks the tag and decrypts the body.
    pub(super) fn open_rtp(
        &self,
        nonces: Nonces,
        head: &[u8],
        body_and_tag: &mut [u8],
    ) -> Option<()> {
        let roc = ((nonces.index >> 16) as u32).to_be_bytes();
        match self {
            Self::Counter {
                key,
                authentication,
                salt,
                tag_bytes,
            } => {
                let body_bytes = body_and_tag.len().checked_sub(*tag_bytes)?;
                let (body, tag) = body_and_tag.split_at_mut(body_bytes);
                let made = authenticate(authentication, [head, body, &roc]);
                is_equal(made.as_ref().get(..tag.len())?, tag)?;
                count(key, counter_block(salt, nonces), body)
            }
            Self::Gcm { key, salt } => {
                let nonce = rtp_nonce(salt, nonces);
                key.open_in_place(nonce, Aad::from(head), body_and_tag)
                    .ok()?;
                Some(())
            }
        }
    }

    /// Encrypts the body of an RTCP packet and writes its tag; `trailer` is the E flag with the index.
    pub(super) fn seal_rtcp(
        &self,
        nonces: Nonces,
        head: &[u8],
        body: &mut [u8],
        trailer: [u8; 4],
        tag: &mut [u8],
    ) -> Option<()> {
        match self {
            Self::Counter {
                key,
                authentication,
                salt,
                ..
            } => {
                count(key, counter_block(salt, nonces), body)?;
                let made = authenticate(authentication, [head, body, &trailer]);
                tag.copy_from_slice(made.as_ref().get(..tag.len())?);
            }
            Self::Gcm { key, salt } => {
                let nonce = rtcp_nonce(salt, nonces);
                let known = rtcp_known(head, trailer)?;
                let made = key
                    .seal_in_place_separate_tag(nonce, Aad::from(known), body)
                    .ok()?;
                tag.copy_from_slice(made.as_ref());
            }
        }
        Some(())
    }

    /// Checks the tag and decrypts the body of an RTCP packet.
    pub(super) fn open_rtcp(
        &self,
        nonces: Nonces,
        head: &[u8],
        body: &mut [u8],
        trailer: [u8; 4],
        tag: &[u8],
    ) -> Option<()> {
        match self {
            Self::Counter {
                key,
                authentication,
                salt,
                ..
            } => {
                let made = authenticate(authentication, [head, body, &trailer]);
                is_equal(made.as_ref().get(..tag.len())?, tag)?;
                count(key, counter_block(salt, nonces), body)
            }
            Self::Gcm { key, salt } => {
                let nonce = rtcp_nonce(salt, nonces);
                let known = rtcp_known(head, trailer)?;
                key.open_in_place_separate_tag(nonce, Aad::from(known), tag, body)
                    .ok()?;
                Some(())
            }
        }
    }
}

/// Fills `out` with the key stream of a label. RFC 3711 §4.3.1, §4.3.3; salts of twelve bytes are filled up with zeros
/// (RFC 7714 §11).
pub(super) fn keystream(master: &MasterKey, label: u8, out: &mut [u8]) -> Option<()> {
    let (key, salt) = master.key_and_salt().split_at(master.suite().key_bytes());
    let mut block = [0; 16];
    block[..salt.len()].copy_from_slice(salt);
    block[7] ^= label;
    out.fill(0);
    count(&counter_key(master.suite(), key)?, block, out)
}

fn counter_key(suite: Suite, key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = match suite.key_bytes() {
        32 => &cipher::AES_256,
        _ => &cipher::AES_128,
    };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// Counter mode over `bytes`, both ways the same.
fn count(key: &EncryptingKey, first_block: [u8; 16], bytes: &mut [u8]) -> Option<()> {
    let context = EncryptionContext::Iv128(FixedLength::from(first_block));
    key.less_safe_encrypt(bytes, context).ok()?;
    Some(())
}

fn authenticate(key: &hmac::Key, parts: [&[u8]; 3]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    context.sign()
}

/// In a time that says nothing about the place of a difference.
fn is_equal(a: &[u8], b: &[u8]) -> Option<()> {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).ok()
}

/// The first block of counter mode. RFC 3711 §4.1.1.
fn counter_block(salt: &[u8; 14], nonces: Nonces) -> [u8; 16] {
    let mut block = [0; 16];
    block[..14].copy_from_slice(salt);
    mix(&mut block[4..8], &nonces.ssrc.to_be_bytes());
    mix(&mut block[8..14], &nonces.index.to_be_bytes()[2..]);
    block
}

/// RFC 7714 §8.1.
fn rtp_nonce(salt: &[u8; 12], nonces: Nonces) -> Nonce {
    let mut bytes = *salt;
    mix(&mut bytes[2..6], &nonces.ssrc.to_be_bytes());
    mix(&mut bytes[6..12], &nonces.index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(bytes)
}

/// RFC 7714 §9.1.
fn rtcp_nonce(salt: &[u8; 12], nonces: Nonces) -> Nonce {
    let mut bytes = *salt;
    mix(&mut bytes[2..6], &nonces.ssrc.to_be_bytes());
    mix(&mut bytes[8..12], &(nonces.index as u32).to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// What is authenticated of an RTCP packet and not encrypted: its first eight bytes and what stands at its end. RFC 7714 §9.2.
fn rtcp_known(head: &[u8], trailer: [u8; 4]) -> Option<[u8; 12]> {
    let mut known = [0; 12];
    known[..8].copy_from_slice(head.get(..8)?);
    known[8..].copy_from_slice(&trailer);
    Some(known)
}

fn mix(into: &mut [u8], with: &[u8]) {
    for (into, with) in into.iter_mut().zip(with) {
        *into ^= with;
    }
}
