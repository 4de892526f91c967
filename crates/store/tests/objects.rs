//! Objects of configuration: what is unique stays so, what belongs together goes together, and order is kept.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::sync::Arc;

use jackfield_store::{
    MAX_NAME, MAX_UNIQUE, NewObject, Object, ObjectError, ObjectLimits, ObjectName, Objects, Unique,
};
use support::{Kept, kept};

const LIMITS: ObjectLimits = ObjectLimits {
    bytes: 100,
    objects: 6,
};

fn name(kind: &str, id: &str) -> ObjectName {
    ObjectName::new(kind, id)
}

fn unique(member: &str, scope: &str, value: &str) -> Unique {
    Unique {
        member: member.into(),
        scope: scope.into(),
        value: value.into(),
    }
}

fn plain(kind: &str, id: &str) -> NewObject {
    NewObject {
        name: name(kind, id),
        parent: None,
        unique: Vec::new(),
        json: format!(r#"{{"id":"{id}"}}"#).into(),
    }
}

fn below(kind: &str, id: &str, parent: ObjectName) -> NewObject {
    NewObject {
        parent: Some(parent),
        ..plain(kind, id)
    }
}

fn kept_as(new: &NewObject) -> Object {
    Object {
        name: new.name.clone(),
        parent: new.parent.clone(),
        json: new.json.clone(),
    }
}

async fn all(objects: &Objects) -> Vec<Object> {
    let (mut loading, mut all) = (objects.load_all().await.unwrap(), Vec::new());
    while let Some(object) = loading.next().await {
        all.push(object.unwrap());
    }
    assert!(loading.next().await.is_none(), "and stays at its end");
    all
}

fn conflict(on: &str) -> Result<(), ObjectError> {
    Err(ObjectError::Conflict { on: on.into() })
}

#[tokio::test]
async fn objects_keep_their_order_and_their_text() {
    for Kept { store, .. } in kept("order").await {
        let panel = store.objects("panel", LIMITS);
        let made = [
            plain("server", "z"),
            below("extension", "b", name("server", "z")),
            below("extension", "a", name("server", "z")),
            plain("extension", "0"),
            plain("queue", "a"),
        ];
        for object in &made {
            panel.put_new(object.clone()).await.unwrap();
        }
        let expected: Vec<Object> = made.iter().map(kept_as).collect();
        assert_eq!(all(&panel).await, expected);
        let listed = panel.list("extension", None).await.unwrap();
        assert_eq!(listed, expected[1..4]);
        let owner = name("server", "z");
        let listed = panel.list("extension", Some(&owner)).await.unwrap();
        assert_eq!(listed, expected[1..3]);
        let found = panel.get(&name("queue", "a")).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected[4]));
        assert_eq!(panel.get(&name("queue", "b")).await.unwrap(), None);

        let json: Arc<str> = "\"größe \\u0000 \"".into();
        let changed = panel.replace(&owner, json.clone(), Vec::new()).await;
        changed.unwrap();
        let first = &all(&panel).await[0];
        assert_eq!((&first.name, &first.json), (&owner, &json), "still first");
        let nobody = panel.replace(&name("server", "y"), json, Vec::new()).await;
        assert_eq!(nobody, Err(ObjectError::Missing(name("server", "y"))));

        let other = store.objects("other", LIMITS);
        assert_eq!(all(&other).await, []);
        other.put_new(plain("server", "z")).await.unwrap();
        assert_eq!(other.list("extension", Some(&owner)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_second_one_of_the_same_name_is_refused_whole() {
    for Kept { store, .. } in kept("unique").await {
        let panel = store.objects("panel", LIMITS);
        let ana = NewObject {
            unique: vec![
                unique("number", "k1", "201"),
                unique("displayName", "k1", "Ana"),
            ],
            ..plain("extension", "1")
        };
        panel.put_new(ana.clone()).await.unwrap();
        let again = panel.put_new(ana.clone()).await;
        assert_eq!(again, conflict("id"));
        let second = |number, scope, value| NewObject {
            name: name("extension", "2"),
            unique: vec![
                unique("number", scope, number),
                unique("displayName", scope, value),
            ],
            ..ana.clone()
        };
        let refused = panel.put_new(second("202", "k1", "Ana")).await;
        assert_eq!(refused, conflict("displayName"));
        assert_eq!(all(&panel).await, [kept_as(&ana)], "nothing of it is there");
        // Its number was not claimed either.
        panel.put_new(second("202", "k1", "ana")).await.unwrap();
        let other_scope = NewObject {
            name: name("extension", "3"),
            ..second("201", "k2", "Ana")
        };
        panel.put_new(other_scope).await.unwrap();
        let other_kind = NewObject {
            name: name("user", "1"),
            ..ana.clone()
        };
        panel.put_new(other_kind).await.unwrap();

        let (two, json) = (name("extension", "2"), Arc::<str>::from("{}"));
        let taken = vec![unique("displayName", "k1", "Ana")];
        let changed = panel.replace(&two, json.clone(), taken).await;
        assert_eq!(changed, conflict("displayName"));
        let before = panel.get(&two).await.unwrap().unwrap();
        assert_eq!(before.json, ana.json, "nothing has changed");
        let own = vec![unique("displayName", "k1", "ana")];
        panel.replace(&two, json.clone(), own).await.unwrap();
        // Its number is free now, and with the first one gone so is the name.
        panel.remove(&ana.name).await.unwrap();
        let both = vec![
            unique("number", "k1", "202"),
            unique("displayName", "k1", "Ana"),
        ];
        panel.replace(&two, json, both).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_at_the_same_time_one_is_refused() {
    for Kept { store, .. } in kept("race").await {
        let panel = store.objects("panel", ObjectLimits::default());
        let attempts = (0..40).map(|number| {
            let panel = panel.clone();
            tokio::spawn(async move {
                let new = NewObject {
                    unique: vec![unique("displayName", "", "Ana")],
                    ..plain("extension", &number.to_string())
                };
                panel.put_new(new).await
            })
        });
        let attempts: Vec<_> = attempts.collect();
        let mut made = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(()) => made += 1,
                refused => assert_eq!(refused, conflict("displayName")),
            }
        }
        assert_eq!((made, all(&panel).await.len()), (1, 1));
    }
}

#[tokio::test]
async fn what_belongs_to_an_object_goes_with_it() {
    for Kept { store, .. } in kept("cascade").await {
        let panel = store.objects("panel", LIMITS);
        let user = NewObject {
            unique: vec![unique("username", "", "ana")],
            ..below("user", "u", name("server", "k"))
        };
        for object in [
            plain("server", "k"),
            plain("server", "l"),
            user.clone(),
            below("contact", "c", name("user", "u")),
            below("phone", "p", name("contact", "c")),
        ] {
            panel.put_new(object).await.unwrap();
        }
        let orphan = panel
            .put_new(below("phone", "q", name("contact", "d")))
            .await;
        assert_eq!(orphan, Err(ObjectError::Missing(name("contact", "d"))));
        let gone = panel.remove(&name("server", "k")).await.unwrap();
        let expected = [
            name("server", "k"),
            name("user", "u"),
            name("contact", "c"),
            name("phone", "p"),
        ];
        assert_eq!(gone, expected);
        assert_eq!(panel.remove(&name("server", "k")).await.unwrap(), []);
        assert_eq!(all(&panel).await, [kept_as(&plain("server", "l"))]);
        // Their places and their unique values are free again.
        panel.put_new(plain("server", "k")).await.unwrap();
        panel.put_new(user).await.unwrap();
        let order: Vec<_> = all(&panel)
            .await
            .into_iter()
            .map(|o| o.name.id.to_string())
            .collect();
        assert_eq!(order, ["l", "k", "u"], "who is made again is last");
        for id in ["1", "2", "3"] {
            panel.put_new(plain("queue", id)).await.unwrap();
        }
        let full = panel.put_new(plain("queue", "4")).await;
        assert_eq!(full, Err(ObjectError::Full));
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    for Kept { store, .. } in kept("large").await {
        let panel = store.objects("panel", LIMITS);
        let of = |bytes: usize| NewObject {
            json: "x".repeat(bytes).into(),
            ..plain("server", "k")
        };
        let too_large = Err(ObjectError::TooLarge);
        assert_eq!(panel.put_new(of(101)).await, too_large);
        panel.put_new(of(100)).await.unwrap();
        let known = name("server", "k");
        let replaced = panel.replace(&known, of(101).json, Vec::new());
        assert_eq!(replaced.await, too_large);
        let long = "x".repeat(MAX_NAME + 1);
        assert_eq!(panel.put_new(plain(&long, "k")).await, too_large);
        let value = NewObject {
            unique: vec![unique("m", "", &long)],
            ..plain("server", "l")
        };
        assert_eq!(panel.put_new(value).await, too_large);
        let many = NewObject {
            unique: (0..=MAX_UNIQUE)
                .map(|n| unique(&n.to_string(), "", ""))
                .collect(),
            ..plain("server", "l")
        };
        assert_eq!(panel.put_new(many).await, too_large);
        assert_eq!(all(&panel).await.len(), 1);
    }
}

#[tokio::test]
async fn a_realm_is_read_while_it_changes_and_may_be_left_half_read() {
    for Kept { store, .. } in kept("reading").await {
        let panel = store.objects("panel", ObjectLimits::default());
        for number in 0..600 {
            let object = plain("extension", &number.to_string());
            panel.put_new(object).await.unwrap();
        }
        let mut loading = panel.load_all().await.unwrap();
        for number in 0..600 {
            let object = loading.next().await.unwrap().unwrap();
            assert_eq!(*object.name.id, number.to_string());
            if number == 0 {
                panel.put_new(plain("extension", "new")).await.unwrap();
            }
        }
        let mut left = panel.load_all().await.unwrap();
        left.next().await.unwrap().unwrap();
        drop(left);
        panel.put_new(plain("extension", "newer")).await.unwrap();
        assert_eq!(all(&panel).await.len(), 602);
    }
}
