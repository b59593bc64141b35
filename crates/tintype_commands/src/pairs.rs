//! Which depth picture belongs to which colour picture.
//!
//! By name where names agree: the same name below the two folders, without letter case, extensions and the
//! words color, colour, rgb, image and depth. By order where no name agrees and there are as many of one as of
//! the other.

use crate::Failure;
use crate::files::Input;
use std::collections::BTreeMap;

/// Words of a name that only distinguish colour from depth.
const KINDS: [&str; 6] = ["color", "colour", "rgb", "image", "img", "depth"];

/// The words of an input's name that its partner has as well.
fn key(input: &Input) -> String {
    let name = input.relative.with_extension("").to_string_lossy().to_lowercase();
    let words =
        name.split(['_', '-', '.', '/', '\\']).filter(|word| !word.is_empty() && !KINDS.contains(word));
    words.collect::<Vec<_>>().join("/")
}

/// For each of `colours` the depth picture that belongs to it.
///
/// # Errors
/// `Usage` that names each picture without a partner, or two of one name.
pub fn pair(colours: &[Input], depths: Vec<Input>) -> Result<Vec<Input>, Failure> {
    let mut by_name: BTreeMap<String, Input> = BTreeMap::new();
    let in_order = depths.clone();
    let mut twice = None;
    for depth in depths {
        let name = depth.place.name();
        if let Some(other) = by_name.insert(key(&depth), depth) {
            twice = twice.or_else(|| {
                Some(format!("{} and {name} are depth pictures of one name", other.place.name()))
            });
        }
    }
    let known = colours.iter().filter(|colour| by_name.contains_key(&key(colour))).count();
    if known == 0 && colours.len() == in_order.len() || colours.len() == 1 && in_order.len() == 1 {
        return Ok(in_order);
    }
    if let Some(text) = twice {
        return Err(Failure::Usage(text));
    }
    let mut pairs = Vec::with_capacity(colours.len());
    let mut alone = Vec::new();
    for colour in colours {
        match by_name.remove(&key(colour)) {
            Some(depth) => pairs.push(depth),
            None => alone.push(format!("{} has no depth picture of its name", colour.place.name())),
        }
    }
    alone.extend(
        by_name
            .values()
            .map(|depth| format!("{} has no colour picture of its name", depth.place.name())),
    );
    if alone.is_empty() {
        return Ok(pairs);
    }
    let counts = format!(
        "{} depth pictures for {} pictures; one for each is needed",
        in_order.len(),
        colours.len()
    );
    Err(Failure::Usage(format!("{counts}\n{}", alone.join("\n"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Place;

    fn inputs(names: &[&str]) -> Vec<Input> {
        names
            .iter()
            .map(|name| Input { place: Place::File(name.into()), relative: name.into() })
            .collect()
    }

    fn paired(colours: &[&str], depths: &[&str]) -> Result<Vec<String>, String> {
        match pair(&inputs(colours), inputs(depths)) {
            Ok(depths) => Ok(depths.into_iter().map(|depth| depth.place.name()).collect()),
            Err(Failure::Usage(text) | Failure::Work(text)) => Err(text),
        }
    }

    #[test]
    fn names_decide_whatever_the_order() {
        let pairs = paired(&["a_color.png", "b_color.png"], &["b_depth.png", "a_depth.png"]).unwrap();
        assert_eq!(pairs, ["a_depth.png", "b_depth.png"]);
        assert_eq!(
            paired(&["s/1.jpg", "t/1.jpg"], &["t/1.png", "s/1.png"]).unwrap(),
            ["s/1.png", "t/1.png"]
        );
    }

    #[test]
    fn order_decides_where_no_name_does() {
        assert_eq!(
            paired(&["1305.1.png", "1305.4.png"], &["1305.2.png", "1305.5.png"]).unwrap().len(),
            2
        );
        assert_eq!(paired(&["a.png"], &["z.png"]).unwrap(), ["z.png"]);
    }

    #[test]
    fn all_without_a_partner_are_named() {
        let text = paired(&["a.png", "b.png", "c.png"], &["a.png", "d.png"]).unwrap_err();
        for name in ["b.png", "c.png", "d.png"] {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("a.png"), "{text}");
        assert!(paired(&["a.png", "b.png"], &["a.png", "A.tif"]).is_err());
        assert!(paired(&["a.png", "b.png"], &["c.png"]).is_err());
    }
}
