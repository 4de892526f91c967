//! Layouts out of the members of a file. Places are named as they would be in JavaScript: `room_list.table4.seats[2].x`.

use std::collections::{BTreeMap, HashMap};

use api::id::LayoutId;
use api::spatial::{Control, Layout, Position};
use serde_json::value::RawValue;

use crate::config::Dialect;
use crate::wire::{Members, control_of_name};

/// Whether participants of a layout stand at one point; the second name is that of the glossary.
const STACKING: [&str; 2] = ["allowParticipantStacking", "allowSeatStacking"];

/// The shift of somebody on a taken seat when the file does not say, centimetres.
const STACK_DELTA: i32 = 10;

/// All layouts, and the one of new rooms.
pub(super) fn layouts(file: &Members<'_>, most: usize) -> Result<(Vec<Layout>, LayoutId), String> {
    let list = file.get("room_list").ok_or("room_list is missing")?;
    let list = object(list, "room_list")?;
    let mut layouts: Vec<Layout> = Vec::new();
    let mut owners: HashMap<LayoutId, &str> = HashMap::new();
    let entries: Vec<(&str, &RawValue)> = list.iter().collect();
    if entries.is_empty() {
        return Err("room_list has no layout".to_owned());
    }
    if entries.len() > most {
        return Err(format!("room_list has more than {most} layouts"));
    }
    for (at, (name, value)) in entries.iter().enumerate() {
        let position = i32::try_from(at + 1).unwrap_or(i32::MAX);
        let read = layout(name, value, position)?;
        if let Some(owner) = owners.insert(read.id, name) {
            return Err(format!(
                "room_list.{name}.id: {owner} has the id {} too",
                read.id
            ));
        }
        layouts.push(read);
    }
    let usual = match file.get("default") {
        None => layouts.first(),
        Some(name) => {
            let name = text(name, "default")?;
            let found = layouts.iter().find(|layout| *layout.name == *name);
            let missing = || format!("default: there is no {name} in room_list");
            Some(found.ok_or_else(missing)?)
        }
    };
    let usual = usual.map_or(LayoutId(1), |layout| layout.id);
    Ok((layouts, usual))
}

fn layout(name: &str, value: &RawValue, position: i32) -> Result<Layout, String> {
    let place = format!("room_list.{name}");
    let members = object(value, &place)?;
    let at = |key: &str| format!("{place}.{key}");
    let optional = |key: &str| members.get(key).map(|value| (value, at(key)));
    let flag = |key: &str| optional(key).map(|(value, at)| boolean(value, &at));
    let stacking = STACKING.into_iter().find_map(flag).transpose()?;
    let number = |key: &str| optional(key).map(|(value, at)| integer(value, &at));
    let seats = members
        .get("seats")
        .ok_or_else(|| format!("{} is missing", at("seats")))?;
    let seats = list(seats, &at("seats"))?;
    if seats.is_empty() {
        return Err(format!("{} has no seat", at("seats")));
    }
    if seats.len() > Layout::MAX_SEATS {
        let most = Layout::MAX_SEATS;
        return Err(format!("{} has more than {most} seats", at("seats")));
    }
    let seat = |(n, value): (usize, &&RawValue)| point(value, &format!("{place}.seats[{n}]"));
    Ok(Layout {
        id: LayoutId(number("id").transpose()?.unwrap_or(position)),
        name: name.into(),
        description: match optional("desc") {
            Some((value, at)) => text(value, &at)?.into(),
            None => "".into(),
        },
        stacking: stacking.unwrap_or(false),
        stack_delta: number("stackDelta").transpose()?.unwrap_or(STACK_DELTA),
        open: flag("openRoom").transpose()?.unwrap_or(false),
        centre: match optional("centerPoint") {
            Some((value, at)) => point(value, &at)?,
            None => Position::default(),
        },
        defaults: match optional("defaultStates") {
            Some((value, at)) => states(value, &at)?,
            None => Vec::new(),
        },
        seats: seats
            .iter()
            .enumerate()
            .map(seat)
            .collect::<Result<_, _>>()?,
    })
}

/// Controls by name, in the order of their numbers.
fn states(value: &RawValue, place: &str) -> Result<Vec<(Control, i32)>, String> {
    // What a file asks for is done, whether clients may see it or not.
    let dialect = Dialect {
        extended_controls: true,
        ..Dialect::default()
    };
    let mut states = BTreeMap::new();
    for (name, value) in object(value, place)?.iter() {
        let place = format!("{place}.{name}");
        let control = control_of_name(name, &dialect)
            .ok_or_else(|| format!("{place}: there is no such control"))?;
        let number = match value.get() {
            "true" => 1,
            "false" => 0,
            _ => integer(value, &place)?,
        };
        control
            .check(number)
            .map_err(|error| format!("{place}: {error}"))?;
        states.insert(control, number);
    }
    Ok(states.into_iter().collect())
}

fn point(value: &RawValue, place: &str) -> Result<Position, String> {
    let members = object(value, place)?;
    let coordinate = |key: &str| {
        let place = format!("{place}.{key}");
        let value = members.get(key);
        integer(value.ok_or_else(|| format!("{place} is missing"))?, &place)
    };
    Ok(Position {
        x: coordinate("x")?,
        y: coordinate("y")?,
        z: coordinate("z")?,
    })
}

fn object<'a>(value: &'a RawValue, place: &str) -> Result<Members<'a>, String> {
    Members::parse(value.get()).ok_or_else(|| format!("{place} is not an object"))
}

fn list<'a>(value: &'a RawValue, place: &str) -> Result<Vec<&'a RawValue>, String> {
    serde_json::from_str(value.get()).map_err(|_| format!("{place} is not an array"))
}

fn text(value: &RawValue, place: &str) -> Result<String, String> {
    serde_json::from_str(value.get()).map_err(|_| format!("{place} is not a string"))
}

fn boolean(value: &RawValue, place: &str) -> Result<bool, String> {
    serde_json::from_str(value.get()).map_err(|_| format!("{place} is neither true nor false"))
}

/// An integer; a float is one when nothing stands behind its point.
fn integer(value: &RawValue, place: &str) -> Result<i32, String> {
    let wrong = |why: &str| format!("{place} is {why}: {}", shown(value));
    let given = value.get();
    if !given.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(wrong("not a number"));
    }
    if let Ok(integer) = given.parse() {
        return Ok(integer);
    }
    let float: f64 = given.parse().unwrap_or(f64::NAN);
    if !float.is_finite() {
        return Err(wrong("not finite"));
    }
    if float.fract() != 0.0 {
        return Err(wrong("not a whole number"));
    }
    let fits = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float);
    fits.then_some(float as i32)
        .ok_or_else(|| wrong("out of range"))
}

/// The beginning of a value, for one line.
fn shown(value: &RawValue) -> String {
    const MOST: usize = 40;
    let line = value.get().replace(char::is_control, " ");
    if line.chars().count() <= MOST {
        return line;
    }
    format!("{}…", line.chars().take(MOST).collect::<String>())
}
