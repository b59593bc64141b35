//! Licence expressions: whether one is satisfied by a list of accepted licences.
//!
//! In: an expression such as `(MIT OR Apache-2.0) AND IJG`. `/` means OR, as old manifests use
//! it. Out: yes or no. Source: SPDX specification 2.3, annex D.

/// Whether `expression` can be fulfilled with licences of `accepted` alone (`X WITH Y` is one
/// licence).
pub fn satisfied(expression: &str, accepted: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, at: 0, accepted };
    let value = parser.any();
    value == Some(true) && parser.at == words.len()
}

struct Parser<'a> {
    words: &'a [&'a str],
    at: usize,
    accepted: &'a [String],
}

impl Parser<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Option<bool> {
        let mut value = self.all()?;
        while self.next_is("OR") {
            value |= self.all()?;
        }
        Some(value)
    }

    fn all(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.next_is("AND") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.next_is("(") {
            let value = self.any()?;
            return self.next_is(")").then_some(value);
        }
        let mut name = self.words.get(self.at)?.to_string();
        self.at += 1;
        if self.next_is("WITH") {
            name = format!("{name} WITH {}", self.words.get(self.at)?);
            self.at += 1;
        }
        Some(self.accepted.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    #[test]
    fn expressions() {
        let accepted: Vec<String> =
            ["MIT", "Apache-2.0", "IJG", "Apache-2.0 WITH LLVM-exception"].map(String::from).to_vec();
        for good in [
            "MIT",
            "GPL-3.0/MIT",
            "(MIT OR GPL-3.0-only) AND IJG",
            "Apache-2.0 WITH LLVM-exception",
            "LGPL-2.1 OR MIT",
        ] {
            assert!(satisfied(good, &accepted), "{good}");
        }
        for bad in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "",
            "MIT AND",
            "(MIT",
            "MIT WITH odd-exception",
            "MIT MIT",
        ] {
            assert!(!satisfied(bad, &accepted), "{bad}");
        }
    }
}
