use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// JSON that keeps the order of its members, so that a frame reads as the protocol document prints it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Json {
    /// Only where a client expects it (sylkrtc.md §2.2): see [`Json::nullable`].
    Null,
    Bool(bool),
    Int(i64),
    Text(Arc<str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'static, str>, Self)>),
    /// What a client sent and another one gets.
    Given(Value),
}

impl Json {
    pub(crate) fn object<const N: usize>(members: [(&'static str, Self); N]) -> Self {
        Self::members(members)
    }

    pub(crate) fn members(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let members = members.into_iter();
        Self::Object(members.map(|(name, value)| (name.into(), value)).collect())
    }

    pub(crate) fn texts<T: AsRef<str>>(texts: &[T]) -> Self {
        Self::List(texts.iter().map(|text| text.as_ref().into()).collect())
    }

    /// `null` when there is nothing. A key with `null` crashes clients nearly everywhere; only `public_key` and a
    /// journal entry's `state` may go through here.
    pub(crate) fn nullable(value: Option<impl Into<Self>>) -> Self {
        value.map_or(Self::Null, Into::into)
    }

    pub(crate) fn print(&self) -> String {
        // Nothing in it can fail: keys are texts and there are no floats of ours.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Given(value) => value.serialize(serializer),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Json {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<&Arc<str>> for Json {
    fn from(text: &Arc<str>) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u16> for Json {
    fn from(value: u16) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Json {
    /// Sizes: there is none beyond what fits.
    fn from(value: u64) -> Self {
        Self::Int(value.try_into().unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let json = Json::object([
            ("z", "last \"first\"\r\n".into()),
            ("a", Json::List(vec![1u16.into(), true.into()])),
            ("n", Json::nullable(None::<&str>)),
        ]);
        assert_eq!(
            json.print(),
            r#"{"z":"last \"first\"\r\n","a":[1,true],"n":null}"#
        );
    }
}
